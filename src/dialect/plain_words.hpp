// What an error's body says that is no JSON: proxies and load balancers answer in place of a
// provider. Pure function, any thread.
#pragma once
#include <string>
#include <string_view>

namespace tollgate::dialect {

constexpr std::size_t plain_words_bytes_max = 500;

// The text without blanks around it, cut between characters; "" for a page of HTML or XML, which
// says nothing to anybody.
std::string plain_words(std::string_view body);

}  // namespace tollgate::dialect
