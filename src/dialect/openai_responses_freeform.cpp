#include "dialect/openai_responses_freeform.hpp"

#include <algorithm>

namespace tollgate::dialect {
namespace {

constexpr std::string_view how_to_call =
    "Call it with one argument, `input`: the text itself, complete and unquoted.";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

unsigned hex_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    c = static_cast<char>(c | 0x20);
    return c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10) : 0;
}

unsigned unit_of(std::string_view four) {
    unsigned unit = 0;
    for (char c : four) unit = unit * 16 + hex_value(c);
    return unit;
}

// Bytes of the escape that begins at `text`, 0 when it is not all there. The halves of a surrogate
// pair are one escape: neither may stand alone between quotes.
std::size_t escape_bytes(std::string_view text) {
    if (text.size() < 2) return 0;
    if (text[1] != 'u') return 2;
    if (text.size() < 6) return 0;
    const unsigned unit = unit_of(text.substr(2, 4));
    if (unit < 0xd800 || unit > 0xdbff) return 6;
    if (text.size() < 12) {
        const bool may_be_pair = text.size() < 7 || (text[6] == '\\' && (text.size() < 8 ||
                                                                         text[7] == 'u'));
        return may_be_pair ? 0 : 6;
    }
    return text[6] == '\\' && text[7] == 'u' ? 12 : 6;
}

}  // namespace

json::Raw freeform_schema() {
    return R"({"type":"object","properties":{"input":{"type":"string",)"
           R"("description":"The text of the call."}},"required":["input"],)"
           R"("additionalProperties":false})";
}

json::Escaped freeform_description(json::Value tool, base::Arena& arena) {
    std::string out(tool["description"].escaped().raw);
    if (!out.empty()) out += "\\n\\n";
    out += how_to_call;
    const json::Value format = tool["format"];
    const json::Escaped grammar = format["definition"].escaped();
    if (format["type"].equals("grammar") && !grammar.empty()) {
        out += " It must match this grammar";
        if (!format["syntax"].string_empty()) {
            out += " (";
            out += format["syntax"].escaped().raw;
            out += ')';
        }
        out += ":\\n";
        out += grammar.raw;
    }
    return {arena.store(out)};
}

json::Raw freeform_arguments(json::Escaped text, base::Arena& arena) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().escaped(freeform_argument, text).end_object();
    return arena.store(out);
}

void FreeformText::feed(json::Escaped fragment, std::string& out) {
    unwrap(fragment.raw);
    advance(out);
}

// Takes one level of escapes away. Characters that are escaped by number stay so: in the text
// within they mean the same.
void FreeformText::unwrap(std::string_view escaped) {
    outer_ += escaped;
    std::string_view rest = outer_;
    const std::size_t held = arguments_.size();
    while (!rest.empty()) {
        const std::size_t plain = std::min(rest.find('\\'), rest.size());
        arguments_ += rest.substr(0, plain);
        rest.remove_prefix(plain);
        if (rest.empty()) break;
        if (rest.size() < 2 || (rest[1] == 'u' && rest.size() < 6)) break;
        if (rest[1] == 'u') {
            const unsigned unit = unit_of(rest.substr(2, 4));
            if (unit < 0x80) arguments_ += static_cast<char>(unit);
            else arguments_ += rest.substr(0, 6);
            rest.remove_prefix(6);
            continue;
        }
        constexpr std::string_view from = "nrtbf", to = "\n\r\t\b\f";
        const std::size_t named = from.find(rest[1]);
        arguments_ += named == from.npos ? rest[1] : to[named];
        rest.remove_prefix(2);
    }
    outer_ = std::string(rest);
    pending_ += std::string_view(arguments_).substr(held);
    // Once the form is certain nothing has to be kept.
    if (state_ == State::inside || state_ == State::after) arguments_.clear();
}

void FreeformText::advance(std::string& out) {
    if (state_ == State::before && find_text()) {
        state_ = State::inside;
        arguments_.clear();
    }
    if (state_ == State::inside) copy_text(out);
    if (state_ == State::after || state_ == State::other) pending_.clear();
}

// Looks for {"input":" at the beginning; takes it away when it is all there.
bool FreeformText::find_text() {
    constexpr std::string_view expected[] = {"{", "\"input\"", ":", "\""};
    std::string_view rest = pending_;
    for (std::string_view token : expected) {
        while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
        if (rest.size() < token.size()) {
            if (!token.starts_with(rest)) state_ = State::other;
            return false;
        }
        if (!rest.starts_with(token)) {
            state_ = State::other;
            return false;
        }
        rest.remove_prefix(token.size());
    }
    pending_ = std::string(rest);
    return true;
}

// Copies up to the closing quote; an escape that is not whole waits.
void FreeformText::copy_text(std::string& out) {
    std::string_view rest = pending_;
    while (!rest.empty()) {
        const auto special = std::ranges::find_if(rest, [](char c) {
            return c == '\\' || c == '"' || static_cast<unsigned char>(c) < 0x20;
        });
        const auto plain = static_cast<std::size_t>(special - rest.begin());
        out += rest.substr(0, plain);
        rest.remove_prefix(plain);
        if (rest.empty()) break;
        if (rest.front() == '"') {
            state_ = State::after;
            rest = {};
            break;
        }
        if (rest.front() != '\\') {  // a model's slip: a bare control character in a string
            json::append_escaped(out, rest.substr(0, 1));
            rest.remove_prefix(1);
            continue;
        }
        const std::size_t bytes = escape_bytes(rest);
        if (bytes == 0) break;
        out += rest.substr(0, bytes);
        rest.remove_prefix(bytes);
    }
    pending_ = std::string(rest);
}

void FreeformText::finish(std::string& out) {
    if (state_ == State::after || state_ == State::inside) return;  // half an escape says nothing
    state_ = State::after;
    json::Document document;
    const auto root = document.parse(arguments_);
    if (root.ok() && root->is_object()) {
        const json::Value input = (*root)[freeform_argument];
        const json::Value only = root->size() == 1 ? *root->members().begin() : json::Value();
        const json::Value text = input.is_string() ? input : only;
        if (text.is_string()) {
            out += text.escaped().raw;
            return;
        }
        if (root->size() == 0) return;
    } else if (root.ok() && root->is_string()) {
        out += root->escaped().raw;
        return;
    }
    json::append_escaped(out, arguments_);
}

}  // namespace tollgate::dialect
