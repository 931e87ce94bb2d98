// What the tests of the repositories share: one call in a transaction of its own, and rows that
// others belong to.
#pragma once
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "store/page.hpp"
#include "store/stores_test.hpp"
#include "store/teams.hpp"
#include "store/tenants.hpp"
#include "store/users.hpp"

namespace tollgate::store {

class Repositories : public OnBothStores {
protected:
    inline static const Access platform = Access::everything();

    // Runs `call(session)` in a transaction that writes, and gives its result.
    template <typename Call>
    std::invoke_result_t<Call, Session&> in(Call call) {
        return in(platform, std::move(call));
    }
    template <typename Call>
    std::invoke_result_t<Call, Session&> in(const Access& access, Call call) {
        using Answer = std::invoke_result_t<Call, Session&>;
        std::optional<Answer> answer;
        const auto done = db().write(access, [&](Session& session) -> base::Result<void> {
            answer.emplace(call(session));
            if (!answer->ok()) return answer->error();
            return {};
        });
        if (!done && (!answer || answer->ok())) return done.error();
        return std::move(*answer);
    }

    domain::Tenant make_tenant(const std::string& name) {
        domain::Tenant tenant;
        tenant.id = name;
        tenant.name = name;
        return made(in([&](Session& session) { return insert_tenant(session, platform, tenant); }));
    }
    domain::Team make_team(const std::string& tenant, const std::string& name) {
        domain::Team team;
        team.tenant = tenant;
        team.name = name;
        return made(in([&](Session& session) { return insert_team(session, platform, team); }));
    }
    domain::User make_user(const std::string& tenant, const std::string& name) {
        domain::User user;
        user.tenant = tenant;
        user.name = name;
        return made(in([&](Session& session) { return insert_user(session, platform, user); }));
    }

    template <typename T>
    static T made(base::Result<T> result) {
        EXPECT_TRUE(result.ok()) << result.error().message << " (" << result.error().field << ")";
        return result.ok() ? std::move(result).value() : T{};
    }
};

inline void expect_not_found(const base::Error& error) {
    EXPECT_EQ(error.code, base::ErrorCode::not_found) << error.message;
}
inline void expect_conflict(const base::Error& error, const std::string& field) {
    EXPECT_TRUE(is_conflict(error)) << error.message;
    EXPECT_EQ(error.field, field) << error.message;
}

}  // namespace tollgate::store
