#include "accounting/usage_sink.hpp"

#include "accounting/usage_codec.hpp"
#include "base/log.hpp"

namespace tollgate::accounting {

bool UsageSink::write(std::string_view record) {
    auto appended = writer_->append(record);
    if (appended.ok()) {
        trouble_.clear();
        return true;
    }
    if (trouble_ != appended.error().message) {
        trouble_ = appended.error().message;
        base::log().error("usage_journal_full", {{"why", trouble_},
                                                 {"effect", drop_when_full_
                                                                ? "usage records are dropped"
                                                                : "new requests are refused"}});
    }
    return false;
}

bool UsageSink::write_waiting() {
    while (!waiting_.empty()) {
        if (!write(waiting_.front())) return false;
        waiting_.pop_front();
    }
    return true;
}

bool UsageSink::accepts() {
    if (drop_when_full_) return true;
    if (!waiting_.empty() && !write_waiting()) return false;
    if (writer_->has_room()) return true;
    if (trouble_.empty()) trouble_ = "the journal of usage records has no room";
    return false;
}

void UsageSink::add(const domain::UsageRecord& record) {
    add_encoded(encode_usage(record, buffer_));
}
void UsageSink::add(const domain::UsageView& record) {
    add_encoded(encode_usage(record, buffer_));
}

void UsageSink::add_encoded(std::string_view encoded) {
    if (write_waiting() && write(encoded)) return;
    if (drop_when_full_) {
        ++dropped_;
        return;
    }
    waiting_.emplace_back(encoded);
}

}  // namespace tollgate::accounting
