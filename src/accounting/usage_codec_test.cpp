#include "accounting/usage_codec.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <limits>

#include "base/ids.hpp"
#include "journal/journal.hpp"

namespace tollgate::accounting {
namespace {

using domain::UsageRecord;

// Every member set to something that no other has.
UsageRecord full_record() {
    UsageRecord r;
    std::int64_t n = 1'000'000'007;
    for (std::string* text : {&r.request_id,
                              &r.trace_id,
                              &r.session_id,
                              &r.agent_id,
                              &r.parent_agent_id,
                              &r.tenant,
                              &r.team,
                              &r.user,
                              &r.key_id,
                              &r.key_name,
                              &r.project,
                              &r.protocol,
                              &r.alias,
                              &r.provider,
                              &r.provider_type,
                              &r.model,
                              &r.provider_request_id,
                              &r.rule,
                              &r.strategy,
                              &r.power_level,
                              &r.fallback_reason,
                              &r.error_class,
                              &r.error,
                              &r.error_code,
                              &r.baseline_model,
                              &r.price_version,
                              &r.cache,
                              &r.client_address,
                              &r.user_agent,
                              &r.zone,
                              &r.experiment,
                              &r.arm,
                              &r.route_trace}) {
        *text = "text-" + std::to_string(n++);
    }
    for (std::int64_t* number : {&r.attempt,
                                 &r.at,
                                 &r.status,
                                 &r.usage.input,
                                 &r.usage.output,
                                 &r.usage.cache_read,
                                 &r.usage.cache_write_5m,
                                 &r.usage.cache_write_1h,
                                 &r.usage.reasoning,
                                 &r.usage.web_searches,
                                 &r.usage.provider_cost_nano_usd,
                                 &r.cost,
                                 &r.list_cost,
                                 &r.baseline_cost,
                                 &r.fee,
                                 &r.attempts,
                                 &r.first_token_us,
                                 &r.total_us,
                                 &r.request_bytes,
                                 &r.response_bytes,
                                 &r.redactions}) {
        *number = n++;
    }
    r.tags = {"one", "", "drei"};
    r.priced = false;
    r.byok = r.stream = r.translated = r.client_gone = r.usage.estimated = true;
    return r;
}

void expect_equal(const UsageRecord& a, const UsageRecord& b) {
    std::string of_a, of_b;
    // The encoding itself is checked below; here it shows every difference of the members.
    EXPECT_EQ(encode_usage(a, of_a), encode_usage(b, of_b));
    EXPECT_EQ(a.request_id, b.request_id);
    EXPECT_EQ(a.attempt, b.attempt);
    EXPECT_EQ(a.tags, b.tags);
    EXPECT_EQ(a.zone, b.zone);
    EXPECT_EQ(a.cost, b.cost);
    EXPECT_EQ(a.usage.provider_cost_nano_usd, b.usage.provider_cost_nano_usd);
    EXPECT_EQ(a.usage.audio_output, b.usage.audio_output);
    EXPECT_EQ(a.usage.images, b.usage.images);
    EXPECT_EQ(a.first_token_us, b.first_token_us);
    EXPECT_EQ(a.priced, b.priced);
    EXPECT_EQ(a.usage.estimated, b.usage.estimated);
    EXPECT_EQ(a.client_gone, b.client_gone);
}

UsageRecord there_and_back(const UsageRecord& record) {
    std::string buffer;
    auto decoded = decode_usage(encode_usage(record, buffer));
    EXPECT_TRUE(decoded.ok());
    return decoded.ok() ? std::move(decoded).value() : UsageRecord{};
}

TEST(UsageCodec, EveryMember_ComesBack) {
    const UsageRecord record = full_record();
    const UsageRecord back = there_and_back(record);
    expect_equal(record, back);
    // 33 texts, 3 tags, 25 numbers and the flags are in it: none is left out.
    std::string buffer;
    const std::string_view bytes = encode_usage(record, buffer);
    std::size_t texts = 0;
    for (std::size_t at = bytes.find("text-"); at != std::string_view::npos;
         at = bytes.find("text-", at + 1)) {
        ++texts;
    }
    EXPECT_EQ(texts, 33u);
    EXPECT_EQ(back.status, record.status);
    EXPECT_EQ(back.redactions, record.redactions);
    EXPECT_EQ(back.user_agent, record.user_agent);
}

TEST(UsageCodec, RecordReadAsViews_SaysTheSame) {
    std::deque<std::vector<std::string>> tags;
    for (const UsageRecord& record : {full_record(), UsageRecord{}}) {
        std::string buffer, again;
        const std::string_view bytes = encode_usage(record, buffer);
        domain::UsageView view;
        ASSERT_TRUE(decode_usage(bytes, view, tags).ok());
        EXPECT_EQ(encode_usage(view, again), bytes);
        EXPECT_EQ(view.request_id.data() == nullptr, record.request_id.empty());
    }
    EXPECT_EQ(tags.size(), 1u);  // of the record that has some
    domain::UsageView cut;
    EXPECT_FALSE(decode_usage(std::string("\x01\x00\x00", 3), cut, tags).ok());
}

TEST(UsageCodec, JsonIsWholeOrNotThere) {
    UsageRecord record;
    record.route_trace = '"' + std::string(usage_json_bytes_max - 2, 'x') + '"';
    EXPECT_EQ(there_and_back(record).route_trace, record.route_trace);
    record.route_trace += ' ';
    EXPECT_EQ(there_and_back(record).route_trace, "");
}

TEST(UsageCodec, EmptyRecord_IsOneByteAndKeepsItsDefaults) {
    std::string buffer;
    EXPECT_EQ(encode_usage(UsageRecord{}, buffer).size(), 1u);
    const UsageRecord back = there_and_back(UsageRecord{});
    EXPECT_TRUE(back.priced);
    EXPECT_EQ(back.usage.input, -1);
    EXPECT_EQ(back.first_token_us, -1);
    EXPECT_EQ(back.request_id, "");
}

TEST(UsageCodec, ExtremeNumbers_ComeBack) {
    for (const std::int64_t number :
         {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
          std::int64_t{-1}, std::int64_t{1}, std::int64_t{127}, std::int64_t{128}}) {
        UsageRecord record;
        record.cost = number;
        record.usage.input = number;
        const UsageRecord back = there_and_back(record);
        EXPECT_EQ(back.cost, number);
        EXPECT_EQ(back.usage.input, number);
    }
}

TEST(UsageCodec, FieldsOfALaterVersion_AreSkippedWhereverTheyStand) {
    UsageRecord record = full_record();
    std::string buffer;
    std::string bytes(encode_usage(record, buffer));
    bytes += std::string("\xF1\x01\x03new", 6);  // number 120, text of three bytes
    bytes += std::string("\xF2\x01\x2A", 3);     // number 121, a number
    auto decoded = decode_usage(bytes);
    ASSERT_TRUE(decoded.ok());
    expect_equal(record, *decoded);
}

TEST(UsageCodec, CutBytes_AreRefusedOrReadAsFewerFields_NeverBeyondTheirEnd) {
    std::string buffer;
    const std::string bytes(encode_usage(full_record(), buffer));
    std::size_t refused = 0;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const std::vector<char> exact(bytes.begin(), bytes.begin() + static_cast<long>(length));
        if (!decode_usage({exact.data(), exact.size()}).ok()) ++refused;
    }
    EXPECT_GT(refused, bytes.size() / 2);
    EXPECT_FALSE(decode_usage("").ok());
    EXPECT_FALSE(decode_usage("\x02").ok());
    EXPECT_FALSE(decode_usage(std::string("\x01\x03\xFF\xFF\xFF\xFF\x0F", 7)).ok());
    EXPECT_FALSE(decode_usage(std::string("\x01\x00\x00", 3)).ok());
    EXPECT_FALSE(decode_usage("\x01" + std::string(20, '\xFF')).ok());
}

TEST(UsageCodec, LongTextsAndManyTags_AreCutAtAWholeCharacter) {
    UsageRecord record;
    record.error = std::string(usage_text_bytes_max - 1, 'x') + "\xC3\xA9" + "rest";
    for (int i = 0; i < 100; ++i) record.tags.push_back("tag " + std::to_string(i));
    const UsageRecord back = there_and_back(record);
    EXPECT_EQ(back.error, std::string(usage_text_bytes_max - 1, 'x'));
    ASSERT_EQ(back.tags.size(), usage_tags_max);
    EXPECT_EQ(back.tags.back(), "tag 63");
}

TEST(UsageCodec, BufferThatIsKept_IsNotAllocatedAgain) {
    std::string buffer;
    const UsageRecord record = full_record();
    const char* first = encode_usage(record, buffer).data();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(encode_usage(record, buffer).data(), first);
}

double cpu_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Prints the processor time that the hot path pays; run by hand with
// --gtest_also_run_disabled_tests on a release build: no unit test depends on a machine's speed.
TEST(UsageCodec, DISABLED_CostOfEncodeAndAppend) {
    UsageRecord r = full_record();
    r.request_id = base::uuid7();
    const auto directory = std::filesystem::temp_directory_path() / ("codec-" + base::uuid7());
    journal::JournalOptions options;
    options.directory = directory.string();
    auto journal = journal::Journal::open(options);
    ASSERT_TRUE(journal.ok());
    auto writer = (*journal)->writer();
    std::string buffer;
    constexpr int count = 300'000;
    std::size_t bytes = 0;
    const double begin = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < count; ++i) bytes += encode_usage(r, buffer).size();
    const double encoded = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
    const double all_before = cpu_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(writer->append(encode_usage(r, buffer)).ok());
    }
    const double mine = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - encoded;
    const double all = cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - all_before;
    std::printf(
        "bytes per record %zu; ns of processor: encode %.0f, encode and append %.0f, "
        "with the background sync %.0f\n",
        bytes / count, (encoded - begin) / count, mine / count, all / count);
    writer.reset();
    (*journal).reset();
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace tollgate::accounting
