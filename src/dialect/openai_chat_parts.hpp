// Parts of a message's content as OpenAI Chat Completions spells them.
// Pure; internal to the openai_chat dialect.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect::openai_chat {

// One part of the content that is to be written: a part of the client's, or text made here.
struct Piece {
    const domain::Part* part = nullptr;  // null: `text` alone
    json::Escaped text;                  // borrows the request or the writer's arena
    std::string_view cache_control;      // raw, "" when none is to be sent
    bool is_text() const { return part == nullptr; }
};

// Turns parts into pieces that `target` can carry and writes them. Pieces borrow the parts and the
// writer that made them.
class ContentWriter {
public:
    ContentWriter(const domain::Deployment& target, Translation& translation)
        : target_(target), translation_(translation) {}

    // The message whose parts follow, for the field that a refusal names.
    void at_message(std::size_t index) { message_ = index; }
    // Appends what `part` (text, image, document, audio) becomes; nothing for blank text.
    // Fails: invalid_request when the target cannot carry it.
    base::Result<void> add(const domain::Part& part, std::vector<Piece>& pieces);
    // The mark to send for a part, noting it as dropped where the target has no use for it.
    std::string_view cache_mark(std::string_view mark);
    // Writes the value of "content": a string, or a list where that is needed. Several texts are a
    // list where the target takes one, unless they are to be `joined`: then marks alone keep it.
    enum class Texts : std::uint8_t { apart, joined };
    void write(json::Writer& writer, const std::vector<Piece>& pieces, Texts texts = Texts::apart);
    // Text made here, kept as long as this object.
    json::Escaped keep(std::string_view escaped) { return {arena_.store(escaped)}; }
    bool takes_images() const { return target_.provider.images && target_.model.vision; }

private:
    base::Result<void> add_document(const domain::Part& part, std::vector<Piece>& pieces);
    base::Result<void> add_image(const domain::Part& part, std::vector<Piece>& pieces);
    base::Result<void> add_audio(const domain::Part& part, std::vector<Piece>& pieces);
    base::Result<void> refuse(std::string_view what, std::string_view why);
    void write_piece(json::Writer& writer, const Piece& piece);

    const domain::Deployment& target_;
    Translation& translation_;
    base::Arena arena_;
    std::size_t message_ = 0;
};

}  // namespace tollgate::dialect::openai_chat
