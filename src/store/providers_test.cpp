#include "store/providers.hpp"

#include "store/models.hpp"
#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

class Providers : public Repositories {
protected:
    domain::ProviderRow make(const std::string& name, const std::string& tenant = "") {
        domain::ProviderRow row;
        row.tenant = tenant;
        row.name = name;
        row.type = "openai";
        row.api_key_token = "token of " + name;
        row.masked = "sk-...****";
        row.key_id = "k1";
        row.priority = 7;
        row.config = R"({ "timeout": 30 })";
        return made(in([&](Session& s) { return insert_provider(s, platform, row); }));
    }
    domain::ModelRow make_model(const std::string& provider, const std::string& name,
                                std::optional<domain::NanoUsd> price = {},
                                std::optional<std::int64_t> latency = {}) {
        domain::ModelRow row;
        row.provider = provider;
        row.name = name;
        row.input_price = row.output_price = price;
        row.latency_ms = latency;
        return made(in([&](Session& s) { return insert_model(s, platform, row); }));
    }
    std::string names(const Access& access, ModelOrder order) {
        ModelFilter filter;
        filter.order = order;
        std::string all;
        PageRequest page{1, ""};
        do {
            const auto got =
                made(in(access, [&](Session& s) { return list_models(s, access, filter, page); }));
            for (const auto& model : got.items) all += model.name + " ";
            page.cursor = got.next;
        } while (!page.cursor.empty());
        return all;
    }
    inline static const Access acme = Access::of_tenant("acme");
};
INSTANTIATE_TEST_SUITE_P(Stores, Providers, both_stores(), store_name);

TEST_P(Providers, MadeAndFound_BySlugAndByUuid) {
    const auto row = make("OpenAI (EU)");
    EXPECT_EQ(row.slug, "openai-eu");
    EXPECT_EQ(row.config, R"({"timeout":30})");
    EXPECT_EQ(row.api_key_token, "token of OpenAI (EU)");
    EXPECT_EQ(row.priority, 7);
    EXPECT_EQ(row.health, "unknown");
    const auto same = made(
        in([&](Session& s) { return find_provider(s, platform, provider_uuid("openai-eu")); }));
    EXPECT_EQ(same.slug, "openai-eu");
    const auto none = in([](Session& s) { return find_provider(s, platform, "nobody"); });
    ASSERT_FALSE(none.ok());
    expect_not_found(none.error());
}

TEST_P(Providers, TheUuid_IsTheColumnsOnPostgres) {
    make("openai");
    if (GetParam() != Dialect::postgres) return;  // SQLite has no such column
    const std::string id = provider_uuid("openai");
    const Parameter wanted[] = {std::string_view(id)};
    EXPECT_EQ(number("SELECT COUNT(*) FROM llm_providers WHERE id = $1", wanted), 1);
}

TEST_P(Providers, Slugs_AreNamesInPlainLetters) {
    EXPECT_EQ(provider_slug("  Azure / West Europe! ", ""), "azure-west-europe");
    EXPECT_EQ(provider_slug("vllm_2.1", ""), "vllm_2.1");
    EXPECT_EQ(provider_slug("..", ""), "");
    EXPECT_EQ(provider_slug("!!!", "acme"), "");
    EXPECT_NE(provider_slug("x", "acme"), provider_slug("x", "globex"));
    EXPECT_TRUE(provider_slug("x", "acme").starts_with("x-"));
}

TEST_P(Providers, NameTaken_IsAConflict) {
    make("openai");
    domain::ProviderRow again;
    again.name = "openai";
    again.type = "openai";
    const auto twice = in([&](Session& s) { return insert_provider(s, platform, again); });
    ASSERT_FALSE(twice.ok());
    expect_conflict(twice.error(), "name");
}

TEST_P(Providers, Updates_CountAndAreNotLost_HealthLeavesThemAlone) {
    auto row = make("openai");
    row.enabled = false;
    row.api_key_token.clear();
    const auto updated = made(in([&](Session& s) { return update_provider(s, platform, row); }));
    EXPECT_FALSE(updated.enabled);
    EXPECT_EQ(updated.api_key_token, "");
    EXPECT_EQ(updated.etag, 2U);
    const auto lost = in([&](Session& s) { return update_provider(s, platform, row); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
    ASSERT_TRUE(in([](Session& s) {
                    return set_provider_health(s, "openai", "unhealthy", "refused", 5);
                }).ok());
    const auto after = made(in([](Session& s) { return find_provider(s, platform, "openai"); }));
    EXPECT_EQ(after.health, "unhealthy");
    EXPECT_EQ(after.health_message, "refused");
    EXPECT_EQ(after.health_checked, 5);
    EXPECT_EQ(after.etag, 2U);
}

TEST_P(Providers, Tenants_ReadThePlatformsAndWriteTheirOwn) {
    make_tenant("acme");
    make_tenant("globex");
    make("shared");
    make("mine", "acme");
    make("theirs", "globex");
    const auto seen =
        made(in(acme, [&](Session& s) { return list_providers(s, acme, {}, {}); }));
    ASSERT_EQ(seen.items.size(), 2U);
    EXPECT_EQ(seen.items[0].name, "mine");
    EXPECT_EQ(seen.items[1].name, "shared");
    const auto own_only = made(in(acme, [&](Session& s) {
        return list_providers(s, acme, {std::nullopt, std::string("acme")}, {});
    }));
    EXPECT_EQ(own_only.items.size(), 1U);
    for (const char* slug : {"shared"}) {
        const auto removed = in(acme, [&](Session& s) { return remove_provider(s, acme, slug); });
        ASSERT_FALSE(removed.ok());
        EXPECT_EQ(removed.error().code, base::ErrorCode::permission);
    }
    const std::string theirs = provider_slug("theirs", "globex");
    const auto other = in(acme, [&](Session& s) { return remove_provider(s, acme, theirs); });
    ASSERT_FALSE(other.ok());
    expect_not_found(other.error());
    const std::string mine = provider_slug("mine", "acme");
    EXPECT_TRUE(in(acme, [&](Session& s) { return remove_provider(s, acme, mine); }).ok());
}

TEST_P(Providers, RewrappedOnlyWhatIsStillTheSame) {
    make("openai");
    EXPECT_FALSE(made(in([](Session& s) {
        return rewrap_provider(s, "openai", "another token", "new", "k2");
    })));
    EXPECT_TRUE(made(in([](Session& s) {
        return rewrap_provider(s, "openai", "token of openai", "new", "k2");
    })));
    const auto row = made(in([](Session& s) { return find_provider(s, platform, "openai"); }));
    EXPECT_EQ(row.api_key_token, "new");
    EXPECT_EQ(row.key_id, "k2");
}

TEST_P(Providers, Models_BelongToTheirProvidersTenant) {
    make_tenant("acme");
    make("mine", "acme");
    make("shared");
    const auto model = make_model(provider_slug("mine", "acme"), "m1", 2'500'000'000);
    EXPECT_EQ(model.tenant, "acme");
    EXPECT_EQ(model.input_price, 2'500'000'000);
    make_model("shared", "m2");
    domain::ModelRow row;
    row.provider = "shared";
    row.name = "m3";
    const auto refused = in(acme, [&](Session& s) { return insert_model(s, acme, row); });
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::permission);
    const auto twice = in([&](Session& s) {
        row.name = "m2";
        return insert_model(s, platform, row);
    });
    ASSERT_FALSE(twice.ok());
    expect_conflict(twice.error(), "name");
    EXPECT_EQ(made(in(acme, [&](Session& s) { return list_models(s, acme, {}, {}); })).items.size(),
              2U);
    ASSERT_TRUE(in([](Session& s) { return remove_provider(s, platform, "shared"); }).ok());
    EXPECT_EQ(made(in([](Session& s) { return load_models(s); })).size(), 1U);
}

TEST_P(Providers, Models_ListedByCostLatencyAndName_InPages) {
    make("p");
    make_model("p", "b", 3'000'000'000, 900);
    make_model("p", "a", 5'000'000'000);
    make_model("p", "d", {}, 100);
    make_model("p", "c", 0, 500);
    EXPECT_EQ(names(platform, ModelOrder::name), "a b c d ");
    EXPECT_EQ(names(platform, ModelOrder::cost), "c b a d ");
    EXPECT_EQ(names(platform, ModelOrder::latency), "d c b a ");
    EXPECT_EQ(names(platform, ModelOrder::id).size(), 8U);
    const auto bad = in([](Session& s) {
        ModelFilter filter;
        filter.order = ModelOrder::cost;
        return list_models(s, platform, filter, {10, make_cursor({"x", "y"})});
    });
    ASSERT_FALSE(bad.ok());
    EXPECT_TRUE(is_bad_cursor(bad.error()));
}

TEST_P(Providers, AModelsFigures_ComeBack) {
    make("p");
    auto model = make_model("p", "m");
    EXPECT_FALSE(model.quality.has_value());
    model.quality = 0.85;
    model.context_length = 200'000;
    model.enabled = false;
    model.metadata = R"({"supports_vision":true})";
    model.display_name = "M";
    const auto written = made(in([&](Session& s) { return update_model(s, platform, model); }));
    EXPECT_DOUBLE_EQ(written.quality.value_or(0), 0.85);
    EXPECT_EQ(written.context_length, 200'000);
    EXPECT_FALSE(written.enabled);
    EXPECT_EQ(written.metadata, model.metadata);
    EXPECT_EQ(written.etag, 2U);
    const auto none = in([](Session& s) { return model_by_id(s, platform, "no-uuid"); });
    ASSERT_FALSE(none.ok());
    expect_not_found(none.error());
    ASSERT_TRUE(in([&](Session& s) { return remove_model(s, platform, model.id); }).ok());
    EXPECT_TRUE(made(in([](Session& s) { return models_of(s, platform, "p"); })).empty());
}

}  // namespace
}  // namespace tollgate::store
