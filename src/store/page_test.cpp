#include "store/page.hpp"

#include <gtest/gtest.h>

namespace tollgate::store {
namespace {

TEST(Cursor, GivesItsPartsBack) {
    for (const std::string part : {"", "a", "01939f3e-7b1c-7a3e-9c1d-0123456789ab", "3:x", "é\n"}) {
        const std::string cursor = make_cursor({"17", part});
        EXPECT_EQ(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                           "0123456789-_"),
                  std::string::npos);
        const auto parts = read_cursor(cursor, 2);
        ASSERT_TRUE(parts.ok()) << part;
        EXPECT_EQ(parts.value(), (std::vector<std::string>{"17", part}));
    }
}

TEST(Cursor, OfAnotherListOrOfNobody_IsRefused) {
    const std::string good = make_cursor({"a"});
    const std::string long_one(5000, 'A');
    for (const std::string& cursor :
         {make_cursor({"a", "b"}), good + "A", good.substr(1), std::string("!"), std::string("YQ"),
          std::string("OTk5OTk5OTk5OTk5OTk5OTk5OTk5OmE"), long_one}) {
        const auto parts = read_cursor(cursor, 1);
        ASSERT_FALSE(parts.ok()) << cursor;
        EXPECT_TRUE(is_bad_cursor(parts.error()));
        EXPECT_FALSE(is_conflict(parts.error()));
    }
}

TEST(PageRequest, LimitIsBroughtIntoItsBounds) {
    EXPECT_EQ(rows_of(PageRequest{}), page_rows_default);
    EXPECT_EQ(rows_of({0, ""}), 1);
    EXPECT_EQ(rows_of({-5, ""}), 1);
    EXPECT_EQ(rows_of({1'000'000, ""}), page_rows_max);
}

TEST(CheckWrites, OwnTenantOrPlatformAlone) {
    EXPECT_TRUE(check_writes(Access::everything(), "a").ok());
    EXPECT_TRUE(check_writes(Access::everything(), "").ok());
    EXPECT_TRUE(check_writes(Access::of_tenant("a"), "a").ok());
    for (const auto& [access, tenant] : {std::pair(Access::of_tenant("a"), "b"),
                                         std::pair(Access::of_tenant("a"), ""),
                                         std::pair(Access::of_tenant(""), "")}) {
        const auto allowed = check_writes(access, tenant);
        ASSERT_FALSE(allowed.ok());
        EXPECT_EQ(allowed.error().code, base::ErrorCode::permission);
    }
}

}  // namespace
}  // namespace tollgate::store
