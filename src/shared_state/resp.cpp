#include "shared_state/resp.hpp"

#include <charconv>

namespace tollgate::shared_state {
namespace {

bool parse_integer(std::string_view text, std::int64_t& value) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc() && end == text.data() + text.size();
}

}  // namespace

void append_command(std::string& out, std::span<const std::string> parts) {
    out += '*';
    out += std::to_string(parts.size());
    out += "\r\n";
    for (const std::string& part : parts) {
        out += '$';
        out += std::to_string(part.size());
        out += "\r\n";
        out += part;
        out += "\r\n";
    }
}

base::Result<std::optional<Reply>> ReplyReader::next() {
    if (begin_ == buffer_.size()) {
        buffer_.clear();
        begin_ = 0;
        return std::optional<Reply>();
    }
    Reply reply;
    std::size_t at = begin_;
    const Parsed parsed = parse(at, reply, 0);
    if (parsed == Parsed::whole) {
        begin_ = at;
        return std::optional<Reply>(std::move(reply));
    }
    if (parsed == Parsed::broken || buffer_.size() - begin_ > reply_bytes_max) {
        return base::Error{base::ErrorCode::provider,
                           "the answer is no Redis protocol (RESP2), or too large"};
    }
    buffer_.erase(0, begin_);
    begin_ = 0;
    return std::optional<Reply>();
}

ReplyReader::Parsed ReplyReader::line(std::size_t& at, std::string_view& found) const {
    const std::size_t end = buffer_.find("\r\n", at);
    if (end == std::string::npos) return Parsed::incomplete;
    found = std::string_view(buffer_).substr(at, end - at);
    at = end + 2;
    return Parsed::whole;
}

ReplyReader::Parsed ReplyReader::parse(std::size_t& at, Reply& reply, int depth) {
    if (depth > reply_depth_max) return Parsed::broken;
    if (at >= buffer_.size()) return Parsed::incomplete;
    const char type = buffer_[at++];
    std::string_view head;
    if (const Parsed parsed = line(at, head); parsed != Parsed::whole) return parsed;
    if (type == '+' || type == '-') {
        reply.kind = type == '+' ? Reply::Kind::text : Reply::Kind::error;
        reply.text = head;
        return Parsed::whole;
    }
    std::int64_t number = 0;
    if (!parse_integer(head, number)) return Parsed::broken;
    if (type == ':') {
        reply.kind = Reply::Kind::integer;
        reply.integer = number;
        return Parsed::whole;
    }
    if (type != '$' && type != '*') return Parsed::broken;
    if (number == -1) return Parsed::whole;
    if (number < 0) return Parsed::broken;
    if (type == '*') return parse_array(at, number, reply, depth);
    const auto size = static_cast<std::size_t>(number);
    if (size > reply_bytes_max) return Parsed::broken;
    if (buffer_.size() - at < size + 2) return Parsed::incomplete;
    if (buffer_.compare(at + size, 2, "\r\n") != 0) return Parsed::broken;
    reply.kind = Reply::Kind::text;
    reply.text = buffer_.substr(at, size);
    at += size + 2;
    return Parsed::whole;
}

ReplyReader::Parsed ReplyReader::parse_array(std::size_t& at, std::int64_t count, Reply& reply,
                                             int depth) {
    if (static_cast<std::size_t>(count) > reply_items_max) return Parsed::broken;
    reply.kind = Reply::Kind::array;
    for (std::int64_t i = 0; i < count; ++i) {
        reply.items.emplace_back();
        const Parsed parsed = parse(at, reply.items.back(), depth + 1);
        if (parsed != Parsed::whole) return parsed;
    }
    return Parsed::whole;
}

}  // namespace tollgate::shared_state
