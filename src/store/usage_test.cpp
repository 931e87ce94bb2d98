#include "store/usage.hpp"

#include <algorithm>
#include <map>

#include "store/credits.hpp"
#include "store/usage_columns.hpp"
#include "store/usage_fixture_test.hpp"

namespace tollgate::store {
namespace {

using domain::UsageRecord;

class Usage : public UsageFixture {
protected:
    std::vector<UsageRecord> of_request(const std::string& id, const Access& access) {
        return made(in(access, [&](Session& s) { return usage_of_request(s, access, id); }));
    }
    static UsageRecord full() {
        UsageRecord r = request_at(usage_start + 5);
        r.trace_id = "trace";
        r.session_id = "session";
        r.agent_id = "agent";
        r.parent_agent_id = "parent";
        r.provider_request_id = "resp_1";
        r.strategy = "cost";
        r.fallback_reason = "rate_limited";
        r.error_class = "timeout";
        r.error = "no answer within 30 s";
        r.error_code = "timeout";
        r.status = 504;
        r.usage = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, true};
        r.baseline_model = "claude-opus";
        r.fee = 55;
        r.priced = false;
        r.price_version = "2026-11-01";
        r.byok = r.stream = r.translated = r.client_gone = true;
        r.attempts = 3;
        r.redactions = 2;
        r.client_address = "192.0.2.1";
        r.user_agent = "curl/8";
        r.zone = "eu-1";
        r.experiment = "cheap or quick";
        r.arm = "cheap";
        r.route_trace = R"({"strategy":"cost"})";
        return r;
    }
};

void expect_same(const UsageRecord& a, const UsageRecord& b) {
    const auto key = [](const UsageRecord& r) {
        return std::tie(r.request_id, r.attempt, r.at, r.trace_id, r.session_id, r.agent_id,
                        r.parent_agent_id, r.tenant, r.team, r.user, r.key_id, r.key_name, r.tags,
                        r.project, r.protocol, r.alias, r.provider, r.provider_type, r.model,
                        r.provider_request_id, r.rule, r.strategy, r.power_level,
                        r.fallback_reason, r.status, r.error_class, r.error, r.error_code);
    };
    EXPECT_EQ(key(a), key(b));
    const auto figures = [](const UsageRecord& r) {
        const auto& u = r.usage;
        return std::tie(u.input, u.output, u.cache_read, u.cache_write_5m, u.cache_write_1h,
                        u.reasoning, u.audio_input, u.audio_output, u.image_output, u.images,
                        u.web_searches, u.provider_cost_nano_usd, u.estimated, r.cost,
                        r.list_cost, r.baseline_cost, r.baseline_model, r.fee, r.priced,
                        r.price_version, r.byok, r.stream, r.translated, r.client_gone);
    };
    EXPECT_EQ(figures(a), figures(b));
    const auto rest = [](const UsageRecord& r) {
        return std::tie(r.cache, r.attempts, r.first_token_us, r.total_us, r.request_bytes,
                        r.response_bytes, r.redactions, r.client_address, r.user_agent, r.zone,
                        r.experiment, r.arm, r.route_trace);
    };
    EXPECT_EQ(rest(a), rest(b));
}

TEST_P(Usage, RequestWithItsAttempts_ComesBackWithEveryField) {
    const UsageRecord request = full();
    UsageRecord first = request, second = request_at(request.at);
    first.attempt = 1;
    second.attempt = 2;
    second.request_id = request.request_id;
    second.usage = {};
    second.first_token_us = -1;
    second.tags = {};
    const UsageInserted done = insert({second, request, first});
    EXPECT_EQ(done.rows, 3u);
    EXPECT_EQ(done.requests, 1u);

    const auto rows = of_request(request.request_id, platform);
    ASSERT_EQ(rows.size(), 3u);
    expect_same(rows[0], request);
    expect_same(rows[1], first);
    expect_same(rows[2], second);
    EXPECT_EQ(of_request(request.request_id, Access::of_tenant("acme")).size(), 3u);
    EXPECT_TRUE(of_request(request.request_id, Access::of_tenant("other")).empty());
    EXPECT_TRUE(of_request("none", platform).empty());
}

// Columns that all rows of a batch leave empty are not written.
TEST_P(Usage, RecordThatSaysNearlyNothing_ComesBackAsItWas) {
    for (const bool zeros : {false, true}) {
        UsageRecord bare;
        bare.request_id = base::uuid7();
        bare.at = usage_start + 7;
        bare.tenant = "acme";
        if (zeros) {
            bare.usage.input = bare.usage.output = bare.usage.cache_read = 0;
            bare.first_token_us = 0;
            bare.priced = false;
        }
        EXPECT_EQ(insert({bare}).rows, 1u);
        const auto rows = of_request(bare.request_id, platform);
        ASSERT_EQ(rows.size(), 1u);
        expect_same(rows[0], bare);
    }
}

// What a row has in common with the one before it is not given to SQLite again.
TEST_P(Usage, RowsOfABatch_KeepTheirOwnValuesBesideEachOther) {
    UsageRecord bare;
    bare.tenant = "acme";
    std::vector<UsageRecord> records = {full(), bare, bare, full(), full(), bare};
    records[2].usage.input = 0;
    records[2].model = "m\xFF";
    records[4].tags = {};
    records[4].model = "m\xFF";
    records[4].usage.output = -1;
    records[5].tags = {"z\xFF"};
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].request_id = base::uuid7();
        records[i].at = usage_start + static_cast<std::int64_t>(i);
    }
    EXPECT_EQ(insert(records).rows, records.size());
    records[2].model = records[4].model = "m\xEF\xBF\xBD";
    records[5].tags = {"z\xEF\xBF\xBD"};
    for (const auto& record : records) {
        const auto rows = of_request(record.request_id, platform);
        ASSERT_EQ(rows.size(), 1u);
        expect_same(rows[0], record);
    }
}

TEST_P(Usage, ColumnsThatMayBeLeftOut_HaveTheirUsualValueAsDefault) {
    if (GetParam() != Dialect::sqlite) return;  // PostgreSQL is given all columns
    for (const std::string table : {"llm_usage_logs", "usage_attempts"}) {
        std::map<std::string, std::string> defaults;
        (void)made(in([&](Session& s) -> base::Result<bool> {
            TRY_VOID(s.each("SELECT name, dflt_value FROM pragma_table_info('" + table + "')", {},
                            [&](const Row& row) -> base::Result<void> {
                                defaults[row.string(0)] = row.is_null(1) ? "NULL" : row.string(1);
                                return {};
                            }));
            return true;
        }));
        for (const BatchColumn& column : usage_batch_columns()) {
            const std::string name(column.name);
            if (!column.usual) continue;
            std::string usual = "NULL";
            if (const auto* text = std::get_if<std::string_view>(&*column.usual)) {
                usual = "'" + std::string(*text) + "'";
            } else if (const auto* whole = std::get_if<std::int64_t>(&*column.usual)) {
                const bool flag = column.type == BatchColumn::Type::flag;
                usual = flag ? (*whole != 0 ? "TRUE" : "FALSE") : std::to_string(*whole);
            }
            ASSERT_TRUE(defaults.contains(name)) << name;
            EXPECT_EQ(defaults[name], usual) << table << "." << name;
        }
    }
}

TEST_P(Usage, SentAgain_ChangesNothing_NotEvenTheSums) {
    made(in([](Session& s) {
        domain::Tenant tenant;
        tenant.id = tenant.name = "acme";
        return insert_tenant(s, platform, tenant);
    }));
    domain::CreditMovement grant;
    grant.tenant = "acme";
    grant.amount = 100 * domain::nano_per_usd;
    made(in([&](Session& s) { return append_credit(s, platform, grant); }));
    std::vector<UsageRecord> records;
    for (int i = 0; i < 10; ++i) records.push_back(request_at(usage_start + i));
    EXPECT_EQ(insert({records.begin(), records.begin() + 6}).rows, 6u);
    const UsageInserted again = insert(records);
    EXPECT_EQ(again.rows, 4u);
    EXPECT_EQ(again.requests, 4u);
    EXPECT_EQ(insert(records).rows, 0u);
    // Twice in one batch counts once as well.
    const UsageRecord twice = request_at(usage_start + 11);
    EXPECT_EQ(insert({twice, twice}).rows, 1u);

    const auto points = series({{.tenant = "acme"}, UsageStep::whole, {}});
    ASSERT_EQ(points.size(), 1u);
    EXPECT_EQ(points[0].sums.requests, 11);
    EXPECT_EQ(points[0].sums.cost, 11 * 1'234'567);
    EXPECT_EQ(number("SELECT SUM(requests) FROM usage_hourly"), 11);
    EXPECT_EQ(number("SELECT SUM(requests) FROM usage_daily"), 11);
    EXPECT_EQ(number("SELECT SUM(requests) FROM usage_tag_daily"), 22);
    for (const std::string months : {"", "NOT "}) {
        EXPECT_EQ(number("SELECT SUM(requests) FROM usage_latency_daily WHERE kind " + months +
                         "LIKE 'month:%'"),
                  22);
    }
    const auto totals =
        made(in([](Session& s) { return credit_totals(s, platform, "acme", ""); }));
    EXPECT_EQ(totals.taken, 11 * 1'234'567);
    EXPECT_EQ(number("SELECT COUNT(*) FROM credit_movements WHERE kind = 'usage'"), 11);
}

TEST_P(Usage, FailedTransaction_LeavesNothing) {
    const UsageRecord record = request_at(usage_start);
    const auto done = db().write(platform, [&](Session& s) -> base::Result<void> {
        TRY_VOID(insert_usage(s, std::span(&record, 1)));
        return base::Error{base::ErrorCode::internal, "cut here"};
    });
    EXPECT_FALSE(done.ok());
    EXPECT_EQ(number("SELECT COUNT(*) FROM llm_usage_logs"), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM usage_daily"), 0);
}

TEST_P(Usage, Ledgers_AreDebitedWhereThereIsOne_FeesApart) {
    make_tenant("acme");
    make_tenant("free");
    const auto grant = [&](const std::string& tenant, const std::string& user) {
        domain::CreditMovement movement;
        movement.tenant = tenant;
        movement.user = user;
        movement.amount = domain::nano_per_usd;
        made(in([&](Session& s) { return append_credit(s, platform, movement); }));
    };
    grant("acme", "");
    grant("acme", "ada");
    UsageRecord byok = request_at(usage_start);
    byok.byok = true;
    byok.cost = 0;
    byok.fee = 130'000;
    UsageRecord of_another_user = request_at(usage_start);
    of_another_user.user = "bob";
    insert({byok, of_another_user, request_at(usage_start, "free")});

    const auto taken = [&](const std::string& tenant, const std::string& user) {
        return made(in([&](Session& s) { return credit_totals(s, platform, tenant, user); })).taken;
    };
    EXPECT_EQ(taken("acme", "ada"), 130'000);
    EXPECT_EQ(taken("acme", ""), 130'000 + 1'234'567);
    EXPECT_EQ(taken("free", ""), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM credit_movements WHERE kind = 'fee'"), 2);
}

TEST_P(Usage, Key_GetsItsTimeOfLastUse) {
    make_tenant("acme");
    ASSERT_TRUE(execute("INSERT INTO api_keys (tenant_id, id, secret_hash, created, updated) "
                        "VALUES ('acme', 'key-1', 'hash', 1, 1)").ok());
    insert({request_at(usage_start), request_at(usage_start + usage_hour)});
    const char* last_used = "SELECT last_used FROM api_keys WHERE id = 'key-1'";
    EXPECT_EQ(number(last_used), usage_start + usage_hour);
    insert({request_at(usage_start + 5)});  // an earlier one, late
    EXPECT_EQ(number(last_used), usage_start + usage_hour);
}

TEST_P(Usage, StrangeTexts_AreStoredAndSummedNotRefused) {
    UsageRecord odd = request_at(usage_start), other = request_at(usage_start);
    odd.user_agent = std::string("a\0b\xFF", 4);
    odd.alias = "\xC0model\x01\"\\";
    other.alias = "\xC1model\x01\"\\";  // the same once it is mended
    odd.user = std::string(300, 'u') + "\xC3\xA9";
    odd.power_level = "a power level that nobody has heard of";
    odd.tags = {std::string("x\0y", 3)};
    EXPECT_EQ(insert({odd, other}).rows, 2u);
    const auto rows = of_request(odd.request_id, platform);
    ASSERT_EQ(rows.size(), 2u);  // the request, and its only attempt
    EXPECT_EQ(rows[0].user, std::string(100, 'u'));
    EXPECT_EQ(rows[0].power_level, "a power level that n");
    EXPECT_EQ(rows[0].alias, "\xEF\xBF\xBDmodel\x01\"\\");
    EXPECT_EQ(rows[0].user_agent, "a\xEF\xBF\xBD" "b\xEF\xBF\xBD");
    EXPECT_EQ(series({{}, UsageStep::day, {UsageDimension::alias}}).size(), 1u);
}

TEST_P(Usage, List_IsPagedNewestFirstAndFiltered) {
    std::vector<UsageRecord> records;
    for (int i = 0; i < 25; ++i) {
        UsageRecord r = request_at(usage_start + i / 2, i % 5 == 0 ? "other" : "acme");
        r.model = i % 2 == 0 ? "gpt-5" : "claude-4";
        if (i % 7 == 0) r.status = 429;
        if (i == 3) r.tags = {"special"};
        records.push_back(r);
    }
    insert(records);
    const auto all_pages = [&](const Access& access, const UsageFilter& filter) {
        std::vector<UsageRecord> found;
        PageRequest page{4, ""};
        do {
            auto got = made(in(access, [&](Session& s) {
                return list_usage(s, access, filter, page);
            }));
            EXPECT_LE(got.items.size(), 4u);
            found.insert(found.end(), got.items.begin(), got.items.end());
            page.cursor = got.next;
        } while (!page.cursor.empty());
        return found;
    };
    const auto all = all_pages(platform, {});
    ASSERT_EQ(all.size(), 25u);
    for (std::size_t i = 1; i < all.size(); ++i) {
        EXPECT_GT(std::tie(all[i - 1].at, all[i - 1].request_id),
                  std::tie(all[i].at, all[i].request_id));
    }
    EXPECT_EQ(all_pages(Access::of_tenant("other"), {}).size(), 5u);
    EXPECT_EQ(all_pages(Access::of_tenant("other"), {.tenant = "acme"}).size(), 0u);
    EXPECT_EQ(all_pages(platform, {.tenant = "acme"}).size(), 20u);
    EXPECT_EQ(all_pages(platform, {.model = "gpt-*"}).size(), 13u);
    EXPECT_EQ(all_pages(platform, {.model = "claude-4", .tag = "special"}).size(), 1u);
    EXPECT_EQ(all_pages(platform, {.status_class = 4}).size(), 4u);
    EXPECT_EQ(all_pages(platform, {.errors_only = true}).size(), 4u);
    EXPECT_EQ(all_pages(platform, {.from = usage_start + 1, .to = usage_start + 3}).size(), 4u);
    auto bad = in([&](Session& s) { return list_usage(s, platform, {}, {4, "nonsense"}); });
    ASSERT_FALSE(bad.ok());
    EXPECT_TRUE(is_bad_cursor(bad.error()));
}

TEST_P(Usage, Export_StreamsFromTheOldest_WithAttemptsWhenAsked) {
    std::vector<UsageRecord> records;
    for (int i = 0; i < 6; ++i) {
        UsageRecord r = request_at(usage_start - i);
        records.push_back(r);
        r.attempt = 1;
        records.push_back(r);
    }
    insert(records);
    for (const bool with_attempts : {false, true}) {
        std::vector<std::pair<std::int64_t, std::int64_t>> seen;
        read([&](Session& s) {
            return each_usage(s, platform, {.tenant = "acme"}, with_attempts,
                              [&](const UsageRecord& r) -> base::Result<void> {
                                  seen.emplace_back(r.at, r.attempt);
                                  return {};
                              });
        });
        EXPECT_EQ(seen.size(), with_attempts ? 12u : 6u);
        EXPECT_TRUE(std::ranges::is_sorted(seen));
    }
    const auto stopped = db().read(platform, [](Session& s) {
        return each_usage(s, platform, {}, false, [](const UsageRecord&) -> base::Result<void> {
            return base::Error{base::ErrorCode::cancelled, "the client has gone"};
        });
    });
    ASSERT_FALSE(stopped.ok());
    EXPECT_EQ(stopped.error().code, base::ErrorCode::cancelled);
}

TEST_P(Usage, Retention_DropsWhatNobodyKeeps_AndLeavesTheSums) {
    for (const char* name : {"acme", "keeps"}) make_tenant(name);
    ASSERT_TRUE(execute("UPDATE tenants SET retention_days = 30 WHERE id = 'acme'").ok());
    for (const std::int64_t at : {usage_start - 80 * usage_day, usage_start}) {
        made(in([&](Session& s) { return ensure_partitions(s, at); }));
    }
    std::vector<UsageRecord> records;
    for (int i = 0; i < 30; ++i) {
        records.push_back(request_at(usage_start - 80 * usage_day + i));
        records.push_back(request_at(usage_start + i));
        UsageRecord attempt = records.back();
        attempt.attempt = 1;
        records.push_back(attempt);
    }
    records.push_back(request_at(usage_start, "keeps"));
    insert(records);
    const auto expire = [&](std::int64_t now) {
        std::int64_t gone = 0;
        for (int turn = 0; turn < 100; ++turn) {
            const std::int64_t some =
                made(in([&](Session& s) { return delete_expired_usage(s, now, 7); }));
            if (some == 0) return gone;
            gone += some;
        }
        ADD_FAILURE() << "it never ends";
        return gone;
    };
    EXPECT_EQ(expire(usage_start + 20 * usage_day), GetParam() == Dialect::sqlite ? 30 : 2);
    EXPECT_EQ(number("SELECT COUNT(*) FROM llm_usage_logs"), 31);
    EXPECT_EQ(expire(usage_start + 40 * usage_day), 60);
    EXPECT_EQ(number("SELECT COUNT(*) FROM llm_usage_logs"), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM usage_attempts"), 0);
    EXPECT_EQ(number("SELECT SUM(requests) FROM usage_daily"), 61);
}

INSTANTIATE_TEST_SUITE_P(Stores, Usage, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
