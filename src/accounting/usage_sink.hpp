// Where usage records of one worker thread go before their answers end: the journal. Loop thread
// only; owned by the worker.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "domain/usage_record.hpp"
#include "journal/journal.hpp"

namespace tollgate::accounting {

class UsageSink {
public:
    // `drop_when_full`: traffic goes on without records, which are counted, instead of being
    // refused.
    UsageSink(std::unique_ptr<journal::Writer> writer, bool drop_when_full)
        : writer_(std::move(writer)), drop_when_full_(drop_when_full) {}

    // Whether new traffic may come: there is room, and nothing waits for it.
    bool accepts();
    // The record is in the journal when this returns; where that failed it is kept in memory and
    // written as soon as there is room, while accepts() says no.
    void add(const domain::UsageRecord& record);
    void add(const domain::UsageView& record);
    std::uint64_t dropped() const { return dropped_; }
    // Of the last failure, for the 503; "" when there was none.
    const std::string& trouble() const { return trouble_; }

private:
    void add_encoded(std::string_view record);
    bool write(std::string_view record);
    bool write_waiting();

    std::unique_ptr<journal::Writer> writer_;
    bool drop_when_full_;
    std::string buffer_;               // encoded records; its memory is kept
    std::deque<std::string> waiting_;  // of requests that were in flight when the disk filled
    std::uint64_t dropped_ = 0;
    std::string trouble_;
};

}  // namespace tollgate::accounting
