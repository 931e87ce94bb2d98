// Embeddings. The first byte chooses what the rest is: a client's request, which is written for
// each kind of provider, or a provider's answer in one of their shapes. The second switches
// options. Rules: what leaves us is valid JSON, each text is asked for once, and an answer that is
// taken has as many vectors as were asked for.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/embeddings.hpp"
#include "require.hpp"

namespace tollgate::fuzz {
namespace {

namespace embeddings = dialect::embeddings;
using embeddings::Encoding;
using embeddings::Shape;

constexpr Shape shapes[] = {Shape::openai, Shape::gemini, Shape::vertex_predict,
                            Shape::titan,  Shape::cohere, Shape::ollama};

void require_json(std::string_view text, const char* rule) {
    json::Document document;
    require(document.parse(text).ok(), rule, text);
}

void request(std::string_view text, std::uint8_t options) {
    json::Document document;
    base::Arena arena;
    if (!document.parse(text).ok()) return;
    const auto decoded = embeddings::decode_request(document);
    const auto outline = dialect::outline(domain::Protocol::openai_chat, document, arena);
    if (!decoded.ok() || !outline.ok()) return;
    for (const Shape shape : shapes) {
        embeddings::Target target;
        target.shape = shape;
        target.model = "a \"model\"";
        target.texts_max = shape == Shape::titan ? 1 : options % 4 + 1u;
        target.drop_unsupported = (options & 4) != 0;
        target.user = (options & 8) != 0;
        if ((options & 16) != 0) target.dimensions_field.clear();
        dialect::Translation translation;
        const auto calls = embeddings::encode_calls(*decoded, text, *outline, target, translation);
        if (!calls.ok()) continue;
        std::size_t asked = 0;
        for (const embeddings::Call& call : *calls) {
            require(call.first == asked, "calls ask in the texts' order");
            asked += call.count;
            require_json(call.body, "bodies for providers are valid JSON");
        }
        require(asked == decoded->count(), "each text is asked for once");
    }
}

void answer(Shape shape, std::string_view text, std::uint8_t options) {
    const std::size_t count = options / 16;
    const Encoding wanted = (options & 8) != 0 ? Encoding::base64 : Encoding::floats;
    const auto vectors = embeddings::decode_answer(shape, text, count, wanted);
    if (vectors.ok()) {
        require(vectors->values.size() == count, "as many vectors as were asked for", text);
        require_json(embeddings::encode_answer(vectors->values, "m", vectors->prompt_tokens),
                     "answers for clients are valid JSON");
    }
    const auto relayed = embeddings::relay_answer(text, "m", count, wanted, 7);
    // Vectors are passed on unread: what was broken inside them stays so.
    json::Document document;
    if (!relayed.ok() || !document.parse(text).ok()) return;
    require_json(relayed->body, "relayed answers are valid JSON");
}

}  // namespace
}  // namespace tollgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate::fuzz;
    if (size < 2) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (data[0] % 2 == 0) {
        request(text, data[1]);
    } else {
        answer(shapes[data[0] / 2 % std::size(shapes)], text, data[1]);
    }
    return 0;
}
