#include "dialect/plain_words.hpp"

namespace tollgate::dialect {

std::string plain_words(std::string_view body) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t begin = body.find_first_not_of(blanks);
    if (begin == body.npos || body[begin] == '<') return {};
    body = body.substr(begin, body.find_last_not_of(blanks) - begin + 1);
    if (body.size() <= plain_words_bytes_max) return std::string(body);
    std::size_t end = plain_words_bytes_max;
    const auto continues = [&] { return (static_cast<unsigned char>(body[end]) & 0xC0) == 0x80; };
    while (end > 0 && continues()) --end;
    return std::string(body.substr(0, end));
}

}  // namespace tollgate::dialect
