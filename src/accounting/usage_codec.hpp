// Usage records as bytes for the journal: small, quick to write, readable by earlier and later
// versions of the program. Pure; any thread.
//
// A record is a version byte and fields in ascending order of their numbers: varint of
// number * 2 + kind, then (kind 0) a zigzag varint or (kind 1) a varint of bytes and the bytes.
// Fields that have their default are left out; numbers a reader does not know are skipped. A field
// is never given another meaning: a new one takes the next number.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/usage_record.hpp"

namespace tollgate::accounting {

constexpr unsigned char usage_codec_version = 1;
// Longer texts are cut (at a whole character): they come from clients and providers.
constexpr std::size_t usage_text_bytes_max = 2048;
constexpr std::size_t usage_tags_max = 64;
// Longer JSON is left out: cut, it would be none.
constexpr std::size_t usage_json_bytes_max = 4096;

// Writes into `buffer`, which only ever grows, so that a caller that keeps it allocates nothing.
// The result points into it and lives until the next call.
std::string_view encode_usage(const domain::UsageRecord& record, std::string& buffer);
std::string_view encode_usage(const domain::UsageView& record, std::string& buffer);
// Fails: invalid_request when these are not the bytes of a record. The second fills `record`, which
// must be as new, with views of `bytes` and of `tags`, where a record's tags are added: a record
// has thirty texts, and copying them costs as much as all else of reading it.
base::Result<domain::UsageRecord> decode_usage(std::string_view bytes);
base::Result<void> decode_usage(std::string_view bytes, domain::UsageView& record,
                                std::deque<std::vector<std::string>>& tags);

}  // namespace tollgate::accounting
