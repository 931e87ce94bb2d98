#include "accounting/chargeback.hpp"

#include "accounting/reports_fixture_test.hpp"
#include "store/teams.hpp"
#include "store/tenants.hpp"

namespace tollgate::accounting {
namespace {

class Chargeback : public Reports {
protected:
    void SetUp() override {
        Reports::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        write([&](store::Session& session) -> base::Result<void> {
            domain::Tenant tenant;
            tenant.id = "acme", tenant.name = "Acme, Inc";
            TRY(const auto made, store::insert_tenant(session, everything, tenant));
            domain::Team team;
            team.id = "red", team.tenant = made.id, team.name = "=SUM(A1)";
            TRY(const auto team_made, store::insert_team(session, everything, team));
            EXPECT_EQ(team_made.id, "red");
            return {};
        });
        domain::UsageRecord fee = request_at(november + micros_per_day);
        fee.cost = 0, fee.fee = 500'000'000;
        domain::UsageRecord october = request_at(november - 1);
        domain::UsageRecord loose = request_at(november);
        loose.team = "";
        domain::UsageRecord other = request_at(november, "other");
        insert({request_at(november), fee, october, loose, other});
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, Chargeback, store::both_stores(), store::store_name);

TEST_P(Chargeback, OfEachTeamAndMonth) {
    const std::string text = text_of([&](std::string& out,
                                         store::Session& session) -> base::Result<void> {
        // Any moments of two months ask for both.
        TRY(const auto rows, chargeback(session, everything, "acme", november - 1, november + 1));
        append_json(out, rows);
        return {};
    });
    EXPECT_EQ(text,
              R"_({"rows":[{"month":"2026-10","tenant":"acme","tenant_name":"Acme, Inc",)_"
              R"_("team":"red","team_name":"=SUM(A1)","requests":1,"tokens":1120,"cost":0.003,)_"
              R"_("fee":0,"charge":0.003,"unpriced_requests":0},)_"
              R"_({"month":"2026-11","tenant":"acme","tenant_name":"Acme, Inc","team":"",)_"
              R"_("team_name":"","requests":1,"tokens":1120,"cost":0.003,"fee":0,"charge":0.003,)_"
              R"_("unpriced_requests":0},)_"
              R"_({"month":"2026-11","tenant":"acme","tenant_name":"Acme, Inc","team":"red",)_"
              R"_("team_name":"=SUM(A1)","requests":2,"tokens":2240,"cost":0.003,"fee":0.5,)_"
              R"_("charge":0.503,"unpriced_requests":0}],"total":0.509})_");
}

TEST_P(Chargeback, AsCsv_NoTeamIsAFormula) {
    const std::string text =
        text_of([&](std::string& out, store::Session& session) -> base::Result<void> {
            TRY(const auto rows, chargeback(session, everything, "acme", november - 1, november));
            append_csv(out, rows);
            return {};
        });
    EXPECT_EQ(text,
              "month,tenant,tenant_name,team,team_name,requests,tokens,cost,fee,charge,"
              "unpriced_requests\r\n"
              "2026-10,acme,\"Acme, Inc\",red,\"'=SUM(A1)\",1,1120,0.003,0,0.003,0\r\n");
}

TEST_P(Chargeback, AllTenantsForThePlatformOneForATenant) {
    read([&](store::Session& session) -> base::Result<void> {
        const auto all = chargeback(session, everything, "", november, november + 1);
        EXPECT_EQ(all.value().size(), 3u);
        EXPECT_EQ(all.value().at(2).tenant, "other");
        EXPECT_EQ(all.value().at(2).tenant_name, "other");  // not known any more: its id
        return {};
    });
    const store::Access other = store::Access::of_tenant("other");
    read(
        [&](store::Session& session) -> base::Result<void> {
            EXPECT_EQ(chargeback(session, other, "", november, november + 1).value().size(), 1u);
            EXPECT_EQ(chargeback(session, other, "acme", november, november + 1).value().size(),
                      0u);
            return {};
        },
        other);
}

TEST_P(Chargeback, ARangeIsNeeded) {
    read([&](store::Session& session) -> base::Result<void> {
        EXPECT_EQ(chargeback(session, everything, "", 0, 0).error().field, "from");
        return {};
    });
}

}  // namespace
}  // namespace tollgate::accounting
