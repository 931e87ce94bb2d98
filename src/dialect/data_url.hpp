// Media of a client as a URL that holds them. Pure, thread-safe.
#pragma once
#include "base/json.hpp"
#include "domain/conversation.hpp"

namespace tollgate::dialect {

// A value: "data:TYPE;base64,DATA". `otherwise`: the type of what names none.
void write_data_url(json::Writer& writer, const domain::Media& media,
                    std::string_view otherwise = {});

}  // namespace tollgate::dialect
