#include "accounting/usage_codec.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <type_traits>

namespace tollgate::accounting {
namespace {

using domain::UsageRecord;
using domain::UsageView;

constexpr std::size_t varint_bytes_max = 10;
constexpr std::size_t field_count_max = 80;

// The truth values, as bits of one number.
constexpr std::uint64_t flag_unpriced = 1, flag_byok = 2, flag_stream = 4, flag_translated = 8,
                        flag_client_gone = 16, flag_estimated = 32;

template <typename Record>
std::int64_t flags_of(const Record& record) {
    std::uint64_t flags = 0;
    if (!record.priced) flags |= flag_unpriced;
    if (record.byok) flags |= flag_byok;
    if (record.stream) flags |= flag_stream;
    if (record.translated) flags |= flag_translated;
    if (record.client_gone) flags |= flag_client_gone;
    if (record.usage.estimated) flags |= flag_estimated;
    return static_cast<std::int64_t>(flags);
}

template <typename Record>
void set_flags(Record& record, std::int64_t number) {
    const auto flags = static_cast<std::uint64_t>(number);
    record.priced = (flags & flag_unpriced) == 0;
    record.byok = (flags & flag_byok) != 0;
    record.stream = (flags & flag_stream) != 0;
    record.translated = (flags & flag_translated) != 0;
    record.client_gone = (flags & flag_client_gone) != 0;
    record.usage.estimated = (flags & flag_estimated) != 0;
}

// Every field with its number, in ascending order: the one list of the format.
template <typename Record, typename Field>
void each_field(Record& r, std::int64_t& flags, Field&& field) {
    field(1, r.request_id);
    field(2, r.attempt, 0);
    field(3, r.at, 0);
    field(4, flags, 0);
    field(5, r.trace_id);
    field(6, r.session_id);
    field(7, r.agent_id);
    field(8, r.parent_agent_id);
    field(9, r.tenant);
    field(10, r.team);
    field(11, r.user);
    field(12, r.key_id);
    field(13, r.key_name);
    field(14, r.tags);
    field(15, r.project);
    field(16, r.protocol);
    field(17, r.alias);
    field(18, r.provider);
    field(19, r.provider_type);
    field(20, r.model);
    field(21, r.provider_request_id);
    field(22, r.rule);
    field(23, r.strategy);
    field(24, r.power_level);
    field(25, r.fallback_reason);
    field(26, r.status, 0);
    field(27, r.error_class);
    field(28, r.error);
    field(29, r.error_code);
    field(30, r.usage.input, -1);
    field(31, r.usage.output, -1);
    field(32, r.usage.cache_read, -1);
    field(33, r.usage.cache_write_5m, -1);
    field(34, r.usage.cache_write_1h, -1);
    field(35, r.usage.reasoning, -1);
    field(36, r.usage.web_searches, -1);
    field(37, r.usage.provider_cost_nano_usd, -1);
    field(38, r.cost, 0);
    field(39, r.list_cost, 0);
    field(40, r.baseline_cost, 0);
    field(41, r.baseline_model);
    field(42, r.fee, 0);
    field(43, r.price_version);
    field(44, r.cache);
    field(45, r.attempts, 0);
    field(46, r.first_token_us, -1);
    field(47, r.total_us, 0);
    field(48, r.request_bytes, 0);
    field(49, r.response_bytes, 0);
    field(50, r.redactions, 0);
    field(51, r.client_address);
    field(52, r.user_agent);
    field(53, r.zone);
    field(54, r.usage.audio_input, -1);
    field(55, r.usage.audio_output, -1);
    field(56, r.usage.image_output, -1);
    field(57, r.usage.images, -1);
    field(58, r.experiment);
    field(59, r.arm);
    field.json(60, r.route_trace);
}

// At most usage_text_bytes_max, cut before a character of several bytes.
std::string_view bounded(std::string_view text) {
    if (text.size() <= usage_text_bytes_max) [[likely]] return text;
    std::size_t end = usage_text_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
}

std::span<const std::string> bounded(std::span<const std::string> tags) {
    return tags.first(std::min(tags.size(), usage_tags_max));
}

// Writes fields; the buffer is known to be large enough.
class Encoder {
public:
    explicit Encoder(char* at) : at_(at) {}
    void operator()(std::uint64_t number, std::int64_t value, std::int64_t usual) {
        if (value == usual) return;
        varint(number * 2);
        varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
    }
    void operator()(std::uint64_t number, std::string_view text) {
        if (!text.empty()) bytes(number, bounded(text));
    }
    void operator()(std::uint64_t number, std::span<const std::string> tags) {
        for (const auto& tag : bounded(tags)) bytes(number, bounded(tag));
    }
    void json(std::uint64_t number, std::string_view text) {
        if (!text.empty() && text.size() <= usage_json_bytes_max) bytes(number, text);
    }
    char* end() const { return at_; }

private:
    void bytes(std::uint64_t number, std::string_view text) {
        varint(number * 2 + 1);
        varint(text.size());
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
    }
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) *at_++ = static_cast<char>(value | 0x80);
        *at_++ = static_cast<char>(value);
    }
    char* at_;
};

// Adds up how much an encoder could need.
class Measure {
public:
    void operator()(std::uint64_t, std::int64_t, std::int64_t) {}
    void operator()(std::uint64_t, std::string_view text) { total += text.size(); }
    void operator()(std::uint64_t, std::span<const std::string> tags) {
        for (const auto& tag : bounded(tags)) total += tag.size() + 2 * varint_bytes_max;
    }
    void json(std::uint64_t, std::string_view text) { total += text.size(); }
    std::size_t total = 1 + field_count_max * 2 * varint_bytes_max;
};

using TagLists = std::deque<std::vector<std::string>>;

// Reads fields in ascending order and passes over those it does not know. `lists` keeps the tags of
// records that only view them.
class Decoder {
public:
    explicit Decoder(std::string_view bytes, TagLists* lists = nullptr)
        : at_(bytes.data()), end_(at_ + bytes.size()), lists_(lists) {
        next();
    }
    void operator()(std::uint64_t number, std::int64_t& value, std::int64_t) {
        if (!stands_at(number) || is_text_) return;
        value = number_value_;
        next();
    }
    void operator()(std::uint64_t number, std::string& text) {
        if (!stands_at(number) || !is_text_) return;
        text = text_value_;
        next();
    }
    void operator()(std::uint64_t number, std::string_view& text) {
        if (!stands_at(number) || !is_text_) return;
        text = text_value_;
        next();
    }
    void operator()(std::uint64_t number, std::vector<std::string>& tags) {
        if (!stands_at(number)) return;
        for (; number_ == number && is_text_; next()) tags.emplace_back(text_value_);
    }
    void operator()(std::uint64_t number, std::span<const std::string>& tags) {
        if (!stands_at(number) || !is_text_) return;
        (*this)(number, lists_->emplace_back());
        tags = lists_->back();
    }
    template <typename Text>
    void json(std::uint64_t number, Text& text) {
        (*this)(number, text);
    }
    // Whether everything to the end could be read.
    bool finish() {
        while (number_ != end_of_fields) next();
        return sound_;
    }

private:
    static constexpr std::uint64_t end_of_fields = ~std::uint64_t{0};

    // Most fields of a record are left out: that one comparison tells.
    bool stands_at(std::uint64_t number) {
        if (number_ > number) return false;
        while (number_ < number) next();
        return number_ == number;
    }
    void next() {
        number_ = end_of_fields;
        if (at_ == end_ || !sound_) return;
        const std::uint64_t head = varint();
        is_text_ = (head & 1) != 0;
        const std::uint64_t value = varint();
        if (is_text_) {
            if (value > static_cast<std::uint64_t>(end_ - at_)) sound_ = false;
            if (!sound_) return;
            text_value_ = {at_, static_cast<std::size_t>(value)};
            at_ += value;
        } else {
            number_value_ = static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
        }
        if (head < 2) sound_ = false;
        if (sound_) number_ = head / 2;
    }
    std::uint64_t varint() {
        if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) [[likely]] {
            return static_cast<unsigned char>(*at_++);
        }
        return long_varint();
    }
    std::uint64_t long_varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (at_ == end_) break;
            const auto byte = static_cast<unsigned char>(*at_++);
            value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
        sound_ = false;
        return 0;
    }

    const char* at_;
    const char* end_;
    TagLists* lists_;
    bool sound_ = true;
    std::uint64_t number_ = end_of_fields;
    bool is_text_ = false;
    std::int64_t number_value_ = 0;
    std::string_view text_value_;
};

}  // namespace

template <typename Record>
static std::string_view encode(const Record& record, std::string& buffer) {
    std::int64_t flags = flags_of(record);
    Measure measure;
    each_field(record, flags, measure);
    if (buffer.size() < measure.total) buffer.resize(measure.total + measure.total / 2);
    buffer[0] = static_cast<char>(usage_codec_version);
    Encoder encoder(buffer.data() + 1);
    each_field(record, flags, encoder);
    return {buffer.data(), static_cast<std::size_t>(encoder.end() - buffer.data())};
}

std::string_view encode_usage(const UsageRecord& record, std::string& buffer) {
    return encode(record, buffer);
}
std::string_view encode_usage(const UsageView& record, std::string& buffer) {
    return encode(record, buffer);
}

template <typename Record>
static base::Result<void> decode(std::string_view bytes, Record& record, TagLists* lists) {
    if (bytes.empty() || static_cast<unsigned char>(bytes[0]) != usage_codec_version) {
        return base::invalid("the bytes do not begin with version " +
                             std::to_string(usage_codec_version) + " of usage records");
    }
    std::int64_t flags = 0;
    Decoder decoder(bytes.substr(1), lists);
    each_field(record, flags, decoder);
    if (!decoder.finish()) return base::invalid("the bytes of a usage record are cut or garbled");
    set_flags(record, flags);
    return {};
}

base::Result<UsageRecord> decode_usage(std::string_view bytes) {
    UsageRecord record;
    TRY_VOID(decode(bytes, record, nullptr));
    return record;
}

base::Result<void> decode_usage(std::string_view bytes, UsageView& record, TagLists& tags) {
    return decode(bytes, record, &tags);
}

}  // namespace tollgate::accounting
