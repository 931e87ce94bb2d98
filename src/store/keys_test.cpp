#include "store/keys.hpp"

#include <set>

#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

constexpr domain::UnixMicros day = 86'400LL * 1'000'000;
constexpr domain::UnixMicros now = 1'800'000'000LL * 1'000'000;

class Keys : public Repositories {
protected:
    static domain::Key a_key(const std::string& tenant, const std::string& hash) {
        domain::Key key;
        key.tenant = tenant;
        key.secret_hash = hash;
        key.name = "ci";
        key.prefix = "sk-tg-ab";
        key.last_four = "wxyz";
        key.created = now - 10 * day;
        return key;
    }
    domain::Key insert(domain::Key key) {
        return made(in([&](Session& s) { return insert_key(s, platform, key); }));
    }
    domain::Key stored(const std::string& id) {
        return made(in([&](Session& s) { return key_by_id(s, platform, id); }));
    }
    base::Result<domain::Key> by_hash(const std::string& hash, domain::UnixMicros at = now,
                                      const Access& access = platform) {
        return in(access, [&](Session& s) { return key_by_hash(s, access, hash, at); });
    }
    std::vector<std::string> due(domain::UnixMicros ahead, std::int64_t limit = 100) {
        const auto keys = made(in([&](Session& s) {
            return keys_due(s, platform, now, ahead, limit);
        }));
        std::vector<std::string> names;
        for (const auto& key : keys) names.push_back(key.name);
        return names;
    }
};

TEST_P(Keys, Inserted_ComesBackWithEveryField) {
    make_tenant("acme");
    const auto team = make_team("acme", "dev");
    const auto user = make_user("acme", "ada");
    domain::Key key = a_key("acme", "hash-1");
    key.team = team.id;
    key.user = user.id;
    key.hash_kind = "sha256";
    key.role = domain::AccessRole::tenant_admin;
    key.allowed_models = {"gpt-*"};
    key.allowed_routes = {"/v1/messages"};
    key.allowed_providers = {"anthropic"};
    key.allowed_regions = {"eu"};
    key.allowed_addresses = {"10.0.0.0/8"};
    key.aliases = {{"fast", "haiku"}};
    key.limits.tokens_per_minute = 1000;
    key.tier = "trial";
    key.tags = {"ci", "night"};
    key.metadata = R"({"a":1})";
    key.rotation_days = 30;
    key.expires = now + day;
    const auto row = stored(insert(key).id);
    EXPECT_EQ(row.tenant, "acme");
    EXPECT_EQ(row.team, team.id);
    EXPECT_EQ(row.user, user.id);
    EXPECT_EQ(row.name, "ci");
    EXPECT_EQ(row.prefix, key.prefix);
    EXPECT_EQ(row.last_four, key.last_four);
    EXPECT_EQ(row.secret_hash, "hash-1");
    EXPECT_EQ(row.hash_kind, "sha256");
    EXPECT_EQ(row.role, domain::AccessRole::tenant_admin);
    EXPECT_TRUE(row.enabled);
    EXPECT_EQ(row.allowed_models, key.allowed_models);
    EXPECT_EQ(row.allowed_routes, key.allowed_routes);
    EXPECT_EQ(row.allowed_providers, key.allowed_providers);
    EXPECT_EQ(row.allowed_regions, key.allowed_regions);
    EXPECT_EQ(row.allowed_addresses, key.allowed_addresses);
    EXPECT_EQ(row.aliases, key.aliases);
    EXPECT_EQ(row.limits, key.limits);
    EXPECT_EQ(row.tier, "trial");
    EXPECT_EQ(row.tags, key.tags);
    EXPECT_EQ(row.metadata, key.metadata);
    EXPECT_EQ(row.rotation_days, 30);
    EXPECT_EQ(row.expires, now + day);
    EXPECT_EQ(row.created, now - 10 * day);
    EXPECT_EQ(row.revoked, 0);
}

TEST_P(Keys, HashTaken_OrOwnerOfAnotherTenant_IsAConflict) {
    make_tenant("acme");
    make_tenant("other");
    const auto team = make_team("other", "dev");
    const auto user = make_user("other", "ada");
    insert(a_key("acme", "h1"));
    const auto refused = [&](domain::Key key, const std::string& field) {
        const auto made_key = in([&](Session& s) { return insert_key(s, platform, key); });
        ASSERT_FALSE(made_key.ok()) << field;
        expect_conflict(made_key.error(), field);
    };
    refused(a_key("other", "h1"), "secret");
    auto key = a_key("acme", "h2");
    key.team = team.id;
    refused(key, "team");
    key.team = "";
    key.user = user.id;
    refused(key, "user");
    refused(a_key("nobody", "h2"), "tenant");
    EXPECT_EQ(number("SELECT COUNT(*) FROM api_keys"), 1);
}

TEST_P(Keys, OfAnotherTenant_AreNotSeenNorTouched) {
    make_tenant("acme");
    make_tenant("other");
    const auto key = insert(a_key("acme", "h1"));
    for (const Access& access : {Access::of_tenant("other"), Access::of_tenant("")}) {
        const auto refused = [&](const auto& call) {
            const auto result = in(access, call);
            ASSERT_FALSE(result.ok());
            expect_not_found(result.error());
        };
        refused([&](Session& s) { return key_by_id(s, access, key.id); });
        refused([&](Session& s) { return key_by_hash(s, access, "h1", now); });
        refused([&](Session& s) { return key_by_name(s, access, "acme", "ci"); });
        refused([&](Session& s) { return update_key(s, access, key); });
        refused([&](Session& s) { return revoke_key(s, access, key.id, now); });
        refused([&](Session& s) { return set_key_enabled(s, access, key.id, false); });
        refused([&](Session& s) { return remove_key(s, access, key.id); });
        refused([&](Session& s) {
            return rotate_key(s, access, key.id, {"h9", "hmac", "p", "l"}, 0, now);
        });
        KeyFilter filter;
        filter.tenant = "acme";
        EXPECT_TRUE(made(in(access, [&](Session& s) {
                        return list_keys(s, access, filter, {});
                    })).items.empty());
        EXPECT_TRUE(made(in(access, [&](Session& s) {
                        return keys_due(s, access, now, 1000 * day, 10);
                    })).empty());
        const auto inserted = in(access, [&](Session& s) {
            return insert_key(s, access, a_key("acme", "h2"));
        });
        ASSERT_FALSE(inserted.ok());
        EXPECT_EQ(inserted.error().code, base::ErrorCode::permission);
    }
    const auto row = stored(key.id);
    EXPECT_EQ(row.etag, 1u);
    EXPECT_EQ(row.revoked, 0);
    const Access own = Access::of_tenant("acme");
    EXPECT_TRUE(in(own, [&](Session& s) { return key_by_id(s, own, key.id); }).ok());
}

TEST_P(Keys, Updated_KeepsItsSecretAndItsState) {
    make_tenant("acme");
    auto key = insert(a_key("acme", "h1"));
    key.name = "nightly";
    key.tags = {"a"};
    key.expires = now;
    key.secret_hash = "stolen";
    key.revoked = now;
    key.origin = "file:x";
    const auto updated = made(in([&](Session& s) { return update_key(s, platform, key); }));
    EXPECT_EQ(updated.name, "nightly");
    EXPECT_EQ(updated.expires, now);
    EXPECT_EQ(updated.secret_hash, "h1");
    EXPECT_EQ(updated.revoked, 0);
    EXPECT_EQ(updated.origin, "api");
    EXPECT_EQ(updated.etag, 2u);
    const auto lost = in([&](Session& s) { return update_key(s, platform, key); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
}

TEST_P(Keys, Rotated_BothSecretsAreFoundUntilTheGraceEnds) {
    make_tenant("acme");
    const auto key = insert(a_key("acme", "old"));
    const NewSecret secret{"new", "hmac", "sk-tg-cd", "1234"};
    const auto rotated = made(in([&](Session& s) {
        return rotate_key(s, platform, key.id, secret, now + day, now);
    }));
    EXPECT_EQ(rotated.secret_hash, "new");
    EXPECT_EQ(rotated.previous_hash, "old");
    EXPECT_EQ(rotated.previous_until, now + day);
    EXPECT_EQ(rotated.rotated, now);
    EXPECT_EQ(rotated.last_four, "1234");
    EXPECT_EQ(rotated.etag, 2u);
    EXPECT_EQ(made(by_hash("new")).id, key.id);
    EXPECT_EQ(made(by_hash("old", now + day - 1)).id, key.id);
    EXPECT_FALSE(by_hash("old", now + day).ok());
    EXPECT_FALSE(by_hash("", now).ok());
    const NewSecret third{"third", "hmac", "sk-tg-ef", "5678"};
    made(in([&](Session& s) { return rotate_key(s, platform, key.id, third, now, now); }));
    EXPECT_FALSE(by_hash("new").ok());
    EXPECT_FALSE(by_hash("old").ok());
    EXPECT_TRUE(by_hash("third").ok());
}

TEST_P(Keys, RotatedToASecretInUse_IsAConflict) {
    make_tenant("acme");
    const auto key = insert(a_key("acme", "h1"));
    insert(a_key("acme", "h2"));
    const auto rotated = in([&](Session& s) {
        return rotate_key(s, platform, key.id, {"h2", "hmac", "", ""}, now + day, now);
    });
    ASSERT_FALSE(rotated.ok());
    expect_conflict(rotated.error(), "secret");
    EXPECT_EQ(stored(key.id).secret_hash, "h1");
}

TEST_P(Keys, Revoked_IsForGood) {
    make_tenant("acme");
    const auto key = insert(a_key("acme", "h1"));
    made(in([&](Session& s) {
        return rotate_key(s, platform, key.id, {"h2", "hmac", "", ""}, now + day, now);
    }));
    const auto revoke = [&](domain::UnixMicros at) {
        return made(in([&](Session& s) { return revoke_key(s, platform, key.id, at); }));
    };
    EXPECT_EQ(revoke(now).revoked, now);
    EXPECT_EQ(revoke(now + 5).revoked, now);
    EXPECT_FALSE(by_hash("h1").ok());
    EXPECT_EQ(made(by_hash("h2")).revoked, now);
    const auto rotated = in([&](Session& s) {
        return rotate_key(s, platform, key.id, {"h3", "hmac", "", ""}, now + day, now);
    });
    ASSERT_FALSE(rotated.ok());
    expect_conflict(rotated.error(), "revoked");
    EXPECT_TRUE(made(in([](Session& s) { return load_keys(s, now + 8 * day); })).empty());
    EXPECT_TRUE(made(in([](Session& s) { return list_keys(s, platform, {}, {}); })).items.empty());
    KeyFilter all;
    all.with_revoked = true;
    EXPECT_EQ(made(in([&](Session& s) { return list_keys(s, platform, all, {}); })).items.size(),
              1u);
    EXPECT_TRUE(in([&](Session& s) { return remove_key(s, platform, key.id); }).ok());
    EXPECT_EQ(number("SELECT COUNT(*) FROM api_keys"), 0);
}

TEST_P(Keys, Blocked_StaysInTheDirectory) {
    make_tenant("acme");
    const auto key = insert(a_key("acme", "h1"));
    const auto set = [&](bool enabled) {
        return made(in([&](Session& s) { return set_key_enabled(s, platform, key.id, enabled); }));
    };
    EXPECT_FALSE(set(false).enabled);
    const auto loaded = made(in([](Session& s) { return load_keys(s, now); }));
    ASSERT_EQ(loaded.size(), 1u);
    EXPECT_FALSE(loaded[0].enabled);
    EXPECT_TRUE(set(true).enabled);
}

TEST_P(Keys, Loaded_WithoutThoseThatExpiredLongAgo) {
    make_tenant("acme");
    auto key = a_key("acme", "h1");
    key.expires = now - 8 * day;
    insert(key);
    key.secret_hash = "h2";
    key.expires = now - 6 * day;
    insert(key);
    key.secret_hash = "h3";
    key.expires = 0;
    insert(key);
    std::set<std::string> hashes;
    for (const auto& row : made(in([](Session& s) { return load_keys(s, now); }))) {
        hashes.insert(row.secret_hash);
    }
    EXPECT_EQ(hashes, (std::set<std::string>{"h2", "h3"}));
}

TEST_P(Keys, Touched_OnlyForwards_AndNotCountedAsAChange) {
    make_tenant("acme");
    const auto a = insert(a_key("acme", "h1"));
    const auto b = insert(a_key("acme", "h2"));
    const auto touch = [&](std::vector<KeyUse> used) {
        EXPECT_TRUE(in([&](Session& s) { return touch_keys(s, used); }).ok());
    };
    touch({{b.id, 20}, {a.id, 10}, {"gone", 30}});
    touch({{b.id, 15}, {a.id, 11}});
    EXPECT_EQ(stored(a.id).last_used, 11);
    EXPECT_EQ(stored(b.id).last_used, 20);
    EXPECT_EQ(stored(a.id).etag, 1u);
}

TEST_P(Keys, DueForRotationOrExpiry_SoonestFirst) {
    make_tenant("acme");
    int count = 0;
    const auto add = [&](const std::string& name, auto change) {
        auto key = a_key("acme", "h" + std::to_string(++count));
        key.name = name;
        change(key);
        return insert(key);
    };
    add("none", [](domain::Key&) {});
    add("rotation", [](domain::Key& k) { k.rotation_days = 12; });           // in 2 days
    add("expiry", [](domain::Key& k) { k.expires = now + day; });            // in 1 day
    add("later", [](domain::Key& k) { k.rotation_days = 30; });              // in 20 days
    add("overdue", [](domain::Key& k) { k.rotation_days = 5; });             // 5 days ago
    add("expired", [](domain::Key& k) { k.expires = now - day; });
    add("both", [](domain::Key& k) {
        k.rotation_days = 13;                                                // in 3 days
        k.expires = now + 100 * day;
    });
    add("blocked", [](domain::Key& k) {
        k.rotation_days = 5;
        k.enabled = false;
    });
    const auto rotated = add("rotated", [](domain::Key& k) { k.rotation_days = 5; });
    made(in([&](Session& s) {
        return rotate_key(s, platform, rotated.id, {"hr", "hmac", "", ""}, 0, now);
    }));
    EXPECT_EQ(due(4 * day), (std::vector<std::string>{"overdue", "expiry", "rotation", "both"}));
    EXPECT_EQ(due(4 * day, 2), (std::vector<std::string>{"overdue", "expiry"}));
    EXPECT_EQ(due(0), std::vector<std::string>{"overdue"});
}

TEST_P(Keys, Listed_ByOwnerTagAndText) {
    make_tenant("acme");
    make_tenant("other");
    const auto team = make_team("acme", "dev");
    auto key = a_key("acme", "h1");
    key.team = team.id;
    key.tags = {"night", "CI"};
    insert(key);
    key = a_key("acme", "h2");
    key.name = "Laptop";
    key.tags = {"nightly"};
    insert(key);
    insert(a_key("other", "h3"));
    const auto count = [&](const KeyFilter& filter) {
        const auto page = made(in([&](Session& s) { return list_keys(s, platform, filter, {}); }));
        return page.items.size();
    };
    KeyFilter filter;
    EXPECT_EQ(count(filter), 3u);
    filter.tenant = "acme";
    EXPECT_EQ(count(filter), 2u);
    filter.tag = "night";
    EXPECT_EQ(count(filter), 1u);
    filter.tag = "ci";
    EXPECT_EQ(count(filter), 0u);
    filter.tag = "x\" OR 1=1 --";
    EXPECT_EQ(count(filter), 0u);
    filter.tag = "";
    filter.team = team.id;
    EXPECT_EQ(count(filter), 1u);
    filter.team = "";
    filter.text = "LAP";
    EXPECT_EQ(count(filter), 1u);
    filter.text = "";
    filter.name = "ci";
    EXPECT_EQ(count(filter), 1u);
    EXPECT_EQ(made(in([&](Session& s) { return key_by_name(s, platform, "acme", "Laptop"); }))
                  .secret_hash,
              "h2");
}

TEST_P(Keys, OfAFile_AreKeptInStep_AndRevokedWithIt) {
    make_tenant("acme");
    auto file = a_key("acme", "h1");
    file.id = "file/acme/key";
    file.origin = "file:acme.yaml";
    const auto upsert = [&](const domain::Key& key, Precedence precedence = Precedence::database) {
        return made(in([&](Session& s) { return upsert_key_from_file(s, key, precedence); }));
    };
    EXPECT_EQ(upsert(file).outcome, FileOutcome::created);
    EXPECT_EQ(upsert(file).outcome, FileOutcome::unchanged);
    file.secret_hash = "h2";
    EXPECT_EQ(upsert(file).outcome, FileOutcome::updated);
    EXPECT_EQ(stored(file.id).secret_hash, "h2");
    file.id = "file/acme/renamed";
    EXPECT_EQ(upsert(file).id, "file/acme/key");
    const auto api = insert(a_key("acme", "h3"));
    auto same = file;
    same.secret_hash = "h3";
    EXPECT_EQ(upsert(same).outcome, FileOutcome::conflict);
    EXPECT_EQ(stored(api.id).origin, "api");
    EXPECT_EQ(upsert(same, Precedence::file).outcome, FileOutcome::taken_over);
    EXPECT_EQ(stored(api.id).origin, "file:acme.yaml");
    const auto vanished = made(in([&](Session& s) {
        return mark_vanished_keys(s, {api.id}, now);
    }));
    EXPECT_EQ(vanished, std::vector<std::string>{"file/acme/key"});
    EXPECT_EQ(stored("file/acme/key").revoked, now);
    EXPECT_EQ(stored(api.id).revoked, 0);
    EXPECT_EQ(upsert(file).outcome, FileOutcome::updated);
    EXPECT_EQ(stored("file/acme/key").revoked, 0);
}

TEST_P(Keys, OfAFile_ChangedByHand_AreNotUndoneByTheFile) {
    make_tenant("acme");
    auto file = a_key("acme", "h1");
    file.id = "file/acme/key";
    file.origin = "file:acme.yaml";
    const auto upsert = [&] {
        return made(in([&](Session& s) {
                   return upsert_key_from_file(s, file, Precedence::database);
               })).outcome;
    };
    const auto vanished = [&] {
        return made(in([&](Session& s) { return mark_vanished_keys(s, {}, now); }));
    };
    EXPECT_EQ(upsert(), FileOutcome::created);
    made(in([&](Session& s) { return revoke_key(s, platform, file.id, now); }));
    EXPECT_EQ(upsert(), FileOutcome::conflict);
    EXPECT_EQ(stored(file.id).revoked, now);
    EXPECT_EQ(stored(file.id).origin, "api");
    EXPECT_TRUE(vanished().empty());
    // Changed in other ways.
    file.id = "file/acme/second";
    file.secret_hash = "h2";
    EXPECT_EQ(upsert(), FileOutcome::created);
    auto changed = stored(file.id);
    changed.allowed_models = {"small"};
    EXPECT_EQ(made(in([&](Session& s) { return update_key(s, platform, changed); })).origin, "api");
    EXPECT_EQ(upsert(), FileOutcome::conflict);
    EXPECT_EQ(stored(file.id).allowed_models, std::vector<std::string>{"small"});
    file.id = "file/acme/third";
    file.secret_hash = "h3";
    EXPECT_EQ(upsert(), FileOutcome::created);
    made(in([&](Session& s) { return set_key_enabled(s, platform, file.id, false); }));
    EXPECT_EQ(upsert(), FileOutcome::conflict);
    EXPECT_FALSE(stored(file.id).enabled);
}

INSTANTIATE_TEST_SUITE_P(Stores, Keys, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
