#include "accounting/piece_splitter.hpp"

namespace tollgate::accounting {
namespace {

using Class = CharacterClass;

// The two overlapping classes of o200k's words.
bool begins_word(Class kind) {
    return kind == Class::upper || kind == Class::other_letter || kind == Class::mark;
}
bool ends_word(Class kind) {
    return kind == Class::lower || kind == Class::other_letter || kind == Class::mark;
}
bool letter(Class kind) {
    return kind == Class::upper || kind == Class::lower || kind == Class::other_letter;
}

}  // namespace

PieceSplitter::Character PieceSplitter::read(std::size_t at) const {
    if (at >= text_.size()) return {};
    const auto lead = static_cast<unsigned char>(text_[at]);
    if (lead < 0x80) return {character_class(lead), lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (length == 1 || at + length > text_.size()) return {Class::other, 0xFFFD, 1};
    char32_t value = lead & (0xFFu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        value = (value << 6) | (static_cast<unsigned char>(text_[at + i]) & 0x3Fu);
    }
    return {character_class(value), value, length};
}

bool PieceSplitter::is_letter(std::size_t at) const {
    const Character here = read(at);
    return here.bytes > 0 && letter(here.kind);
}

bool PieceSplitter::is_mark(std::size_t at) const {
    const Character here = read(at);
    return here.bytes > 0 && !letter(here.kind) && here.kind != Class::number &&
           here.kind != Class::space;
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d)
std::size_t PieceSplitter::contraction(std::size_t at) const {
    if (at + 1 >= text_.size() || text_[at] != '\'') return at;
    const auto low = [&](std::size_t i) {
        return i < text_.size() ? static_cast<char>(text_[i] | 0x20) : '\0';
    };
    const char first = low(at + 1), second = low(at + 2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
    const bool two = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                     (first == 'l' && second == 'l');
    return two ? at + 3 : at;
}

// \p{L}+
std::size_t PieceSplitter::letters(std::size_t at) const {
    while (is_letter(at)) at += read(at).bytes;
    return at;
}

// [^\r\n\p{L}\p{N}]?\p{L}+
std::size_t PieceSplitter::word(std::size_t at) const {
    const Character first = read(at);
    if (letter(first.kind)) return letters(at);
    const bool prefix = first.bytes > 0 && first.kind != Class::number && first.value != '\r' &&
                        first.value != '\n';
    if (!prefix) return at;
    const std::size_t end = letters(at + first.bytes);
    return end > at + first.bytes ? end : at;
}

// [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+ where a lower-case end is needed, else
// the same with + and *. The first part takes what it can and gives back what the second needs.
std::size_t PieceSplitter::cased_body(std::size_t at, bool needs_lower) const {
    std::size_t end = at;
    std::size_t shared_end = at;  // behind the last character that both parts may take
    for (Character here = read(end); here.bytes > 0 && begins_word(here.kind); here = read(end)) {
        end += here.bytes;
        if (ends_word(here.kind)) shared_end = end;
    }
    const std::size_t upper_end = end;
    for (Character here = read(end); here.bytes > 0 && ends_word(here.kind); here = read(end)) {
        end += here.bytes;
    }
    if (!needs_lower) return upper_end > at ? end : at;
    return end > upper_end ? end : shared_end;
}

std::size_t PieceSplitter::cased_word(std::size_t at) const {
    const Character first = read(at);
    const bool may_lead = first.bytes > 0 && !letter(first.kind) && first.kind != Class::number &&
                          first.value != '\r' && first.value != '\n';
    for (const bool needs_lower : {true, false}) {
        if (may_lead) {
            const std::size_t body = at + first.bytes;
            const std::size_t end = cased_body(body, needs_lower);
            if (end > body) return contraction(end);
        }
        const std::size_t end = cased_body(at, needs_lower);
        if (end > at) return contraction(end);
    }
    return at;
}

// \p{N}{1,3}
std::size_t PieceSplitter::number(std::size_t at) const {
    const int most = pattern_ == SplitPattern::qwen ? 1 : 3;
    for (int i = 0; i < most; ++i) {
        const Character here = read(at);
        if (here.bytes == 0 || here.kind != Class::number) break;
        at += here.bytes;
    }
    return at;
}

// ` ?[^\s\p{L}\p{N}]+[\r\n]*`, with / among the line breaks for o200k
std::size_t PieceSplitter::marks(std::size_t at) const {
    std::size_t end = at;
    if (end < text_.size() && text_[end] == ' ') ++end;
    const std::size_t begin = end;
    while (is_mark(end)) end += read(end).bytes;
    if (end == begin) return at;
    const auto trails = [&](char c) {
        return c == '\r' || c == '\n' || (c == '/' && pattern_ == SplitPattern::o200k);
    };
    while (end < text_.size() && trails(text_[end])) ++end;
    return end;
}

// \s*[\r\n]+ | \s+(?!\S) | \s+
std::size_t PieceSplitter::blanks(std::size_t at) const {
    std::size_t end = at, last = at, after_break = at;
    for (Character here = read(end); here.bytes > 0 && here.kind == Class::space;
         here = read(end)) {
        last = end;
        end += here.bytes;
        if (here.value == '\r' || here.value == '\n') after_break = end;
    }
    if (after_break > at) return after_break;
    // The last blank goes with what follows it, if anything does and there are others.
    if (end < text_.size() && last > at) return last;
    return end;
}

std::string_view PieceSplitter::next() {
    if (at_ >= text_.size()) return {};
    const std::size_t begin = at_;
    std::size_t end = begin;
    if (pattern_ == SplitPattern::o200k) {
        end = cased_word(begin);
    } else {
        end = contraction(begin);
        if (end == begin) end = word(begin);
    }
    if (end == begin) end = number(begin);
    if (end == begin) end = marks(begin);
    if (end == begin) end = blanks(begin);
    if (end == begin) end = begin + 1;
    at_ = end;
    return text_.substr(begin, end - begin);
}

}  // namespace tollgate::accounting
