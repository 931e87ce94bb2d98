// The chunks of Bedrock's InvokeModel, spelled as server-sent events. The first byte says whether
// the data of a chunk is taken as it is or wrapped as Bedrock does. Rules: nothing crashes, and
// what is passed on to an Anthropic client is a valid event stream of one frame per chunk.
#include "dialect.hpp"
#include "base/base64.hpp"

namespace tollgate::fuzz {
namespace {

void run(std::string_view text, bool wrap) {
    static const dialect::Codec codec = dialect::make_bedrock_invoke();
    const auto decoder = codec.provider->stream_decoder({}, {});
    std::vector<domain::Event> events;
    http::SseParser parser;
    http::SseFrame frame;
    parser.feed(text);
    while (*parser.next(frame)) {
        if (frame.comment_only) continue;
        std::string payload(frame.data);
        if (wrap) payload = R"({"bytes":")" + base::base64_encode(frame.data) + R"("})";
        events.clear();
        const auto facts = decoder->feed(frame.event, payload, events);
        if (!facts.ok()) return;
        require_stream(facts->raw);
        if (facts->has_model) {
            const char* const begin = facts->raw.data();
            require(facts->model.data() >= begin &&
                        facts->model.data() + facts->model.size() <= begin + facts->raw.size(),
                    "the model lies in the frame that is passed on");
        }
        if (facts->end) break;
    }
    decoder->finish(events);
}

}  // namespace
}  // namespace tollgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    tollgate::fuzz::run({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0] % 2 == 0);
    return 0;
}
