#include "domain/money.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tollgate::domain {
namespace {

TEST(Money, AmountsAreWrittenExactlyAndWithoutTrailingZeros) {
    EXPECT_EQ(dollars(12'300'000), "0.0123");
    EXPECT_EQ(dollars(25 * nano_per_usd), "25");
    EXPECT_EQ(dollars(-3'500'000'000), "-3.5");
    EXPECT_EQ(dollars(1), "0.000000001");
    EXPECT_EQ(dollars(0), "0");
    EXPECT_EQ(dollars(std::numeric_limits<NanoUsd>::max()), "9223372036.854775807");
    EXPECT_EQ(dollars(std::numeric_limits<NanoUsd>::min()), "-9223372036.854775808");
}

TEST(Money, TextsAreReadWithoutFloatingPoint) {
    const auto read = [](std::string_view text) { return parse_dollars(text).value(); };
    EXPECT_EQ(read("0.0123"), 12'300'000);
    EXPECT_EQ(read("25"), 25 * nano_per_usd);
    EXPECT_EQ(read("25."), 25 * nano_per_usd);
    EXPECT_EQ(read(".5"), nano_per_usd / 2);
    EXPECT_EQ(read("1e-6"), 1000);
    EXPECT_EQ(read("1.5E+2"), 150 * nano_per_usd);
    EXPECT_EQ(read("-3.50"), -3'500'000'000);
    EXPECT_EQ(read("+0007"), 7 * nano_per_usd);
    EXPECT_EQ(read("0.1"), 100'000'000);
    EXPECT_EQ(read("9223372036.854775807"), std::numeric_limits<NanoUsd>::max());
    EXPECT_EQ(read("0e99999999999"), 0);
}

TEST(Money, WhatIsFinerThanANanoDollarIsRoundedHalfUp) {
    const auto read = [](std::string_view text) { return parse_dollars(text).value(); };
    EXPECT_EQ(read("0.0000000005"), 1);
    EXPECT_EQ(read("0.00000000049999"), 0);
    EXPECT_EQ(read("0.0000000014999999999999999999"), 1);
    EXPECT_EQ(read("-0.0000000015"), -2);
    EXPECT_EQ(read("1e-10"), 0);
    EXPECT_EQ(read("9e-9999999"), 0);
}

TEST(Money, PricesOfATokenAreExactInPicoDollars) {
    EXPECT_EQ(parse_pico_dollars("2.5e-06").value(), 2'500'000);
    EXPECT_EQ(parse_pico_dollars("0.0000000125").value(), 12'500);
    EXPECT_EQ(parse_pico_dollars("1.25e-9").value(), 1'250);
    EXPECT_EQ(parse_pico_dollars("1").value(), pico_per_usd);
    EXPECT_FALSE(parse_pico_dollars("9223373").ok());
}

TEST(Money, WhatIsNoAmountIsRefused) {
    for (const char* text :
         {"", "-", ".", "1,5", "$5", "5 USD", "1e", "1e+", "0x10", "nan", "inf", " 1", "1.2.3"}) {
        const auto read = parse_dollars(text);
        ASSERT_FALSE(read.ok()) << text;
        EXPECT_EQ(read.error().code, base::ErrorCode::invalid_request);
    }
    EXPECT_FALSE(parse_dollars("9223372036.854775808").ok());
    EXPECT_FALSE(parse_dollars("1e300").ok());
}

TEST(Money, NumbersGoToTheNearestNanoDollar) {
    EXPECT_EQ(from_dollars(0.1), 100'000'000);
    EXPECT_EQ(from_dollars(0.29), 290'000'000);
    EXPECT_EQ(from_dollars(-2.5e-9), -3);
    EXPECT_EQ(from_dollars(std::numeric_limits<double>::quiet_NaN()), 0);
    EXPECT_GT(from_dollars(1e300), 9'000'000'000 * nano_per_usd);
}

}  // namespace
}  // namespace tollgate::domain
