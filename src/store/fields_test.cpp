#include "store/fields.hpp"

#include <gtest/gtest.h>

namespace tollgate::store {
namespace {

template <typename T>
T back(const std::string& json) {
    T value;
    const auto read = from_json(json, value);
    EXPECT_TRUE(read.ok()) << json << ": " << read.error().message;
    return value;
}

TEST(Fields, ListsAndAliasesSurvive) {
    const std::vector<std::string> list = {"gpt-*", "a \"b\"", "", "\xc3\xa9\n"};
    EXPECT_EQ(back<std::vector<std::string>>(json_of(list)), list);
    EXPECT_EQ(json_of(std::vector<std::string>{}), "[]");
    const Aliases aliases = {{"z", "1"}, {"a\"", "2"}, {"z", "3"}};
    EXPECT_EQ(json_of(aliases), R"({"a\"":"2","z":"1"})");
    EXPECT_EQ(back<Aliases>(json_of(aliases)), (Aliases{{"a\"", "2"}, {"z", "1"}}));
}

TEST(Fields, LimitsKeepZeroApartFromNone) {
    domain::Limits limits;
    EXPECT_EQ(json_of(limits), "{}");
    limits.requests_per_minute = 0;
    limits.output_tokens_per_minute = 9'000'000'000;
    EXPECT_EQ(json_of(limits), R"({"requests_per_minute":0,"output_tokens_per_minute":9000000000})");
    EXPECT_EQ(back<domain::Limits>(json_of(limits)), limits);
    domain::Limits all;
    all.requests_per_minute = 1;
    all.requests_per_hour = 2;
    all.requests_per_day = 3;
    all.tokens_per_minute = 4;
    all.input_tokens_per_minute = 5;
    all.output_tokens_per_minute = 6;
    all.concurrent_requests = 7;
    EXPECT_EQ(back<domain::Limits>(json_of(all)), all);
}

TEST(Fields, ThresholdsSurvive) {
    const std::vector<domain::BudgetThreshold> thresholds = {
        {50, domain::BudgetAction::notify}, {100, domain::BudgetAction::block}};
    EXPECT_EQ(json_of(thresholds),
              R"([{"percent":50,"action":"notify"},{"percent":100,"action":"block"}])");
    EXPECT_EQ(back<std::vector<domain::BudgetThreshold>>(json_of(thresholds)), thresholds);
}

TEST(Fields, ArmsSurvive) {
    const std::vector<domain::ExperimentArm> arms = {{"now", "openai/a", 90}, {"new", "b:1", 0.25}};
    EXPECT_EQ(json_of(arms), R"([{"name":"now","model":"openai/a","share":90},)"
                             R"({"name":"new","model":"b:1","share":0.25}])");
    EXPECT_EQ(back<std::vector<domain::ExperimentArm>>(json_of(arms)), arms);
    std::vector<domain::ExperimentArm> read;
    EXPECT_FALSE(from_json(R"([{"name":"now","model":"a"}])", read).ok());
    EXPECT_FALSE(from_json("{}", read).ok());
    domain::Metric metric{};
    ASSERT_TRUE(from_word("feedback", metric).ok());
    EXPECT_EQ(metric, domain::Metric::feedback);
    EXPECT_FALSE(from_word("beauty", metric).ok());
    domain::Sticky sticky{};
    ASSERT_TRUE(from_word("request", sticky).ok());
    EXPECT_EQ(sticky, domain::Sticky::request);
}

TEST(Fields, WhatNobodyWroteThere_IsAnInternalError) {
    std::vector<std::string> list;
    Aliases aliases;
    domain::Limits limits;
    std::vector<domain::BudgetThreshold> thresholds;
    EXPECT_FALSE(from_json("", list).ok());
    EXPECT_FALSE(from_json("[1]", list).ok());
    EXPECT_FALSE(from_json(R"({"a":1})", aliases).ok());
    EXPECT_FALSE(from_json("[]", aliases).ok());
    EXPECT_FALSE(from_json(R"({"requests_per_minute":"10"})", limits).ok());
    EXPECT_FALSE(from_json(R"([{"percent":50}])", thresholds).ok());
    EXPECT_FALSE(compact_object("[]").ok());
    EXPECT_FALSE(compact_object("{").ok());
    domain::AccessRole role;
    const auto word = from_word("owner", role);
    ASSERT_FALSE(word.ok());
    EXPECT_EQ(word.error().code, base::ErrorCode::internal);
}

TEST(Fields, ObjectsAreCompact) {
    EXPECT_EQ(compact_object("").value(), "{}");
    EXPECT_EQ(compact_object(" { \"a\" : [ 1 , \"b c\" ] } ").value(), R"({"a":[1,"b c"]})");
}

}  // namespace
}  // namespace tollgate::store
