// Files of text that a client sends as bytes: their words are what every model can read. Pure.
#pragma once
#include "base/arena.hpp"
#include "domain/conversation.hpp"

namespace tollgate::dialect {

// A document in base64 whose type is one of text (text/..., JSON, XML, YAML) becomes a document of
// source text, its file's name the title. Left as it is when the bytes are no UTF-8. The text is
// stored in `arena`.
void read_text_file(domain::Media& media, base::Arena& arena);

}  // namespace tollgate::dialect
