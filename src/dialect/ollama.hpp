// Ollama's native chat interface: the answer, line by line, as events.
// dialect::make_ollama() (dialect.hpp) makes the whole dialect.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// One object per answer; one thread. A whole answer is a stream of one line.
class OllamaDecoder final : public StreamDecoder {
public:
    // Keeps copies of what it needs of both.
    OllamaDecoder(const domain::Deployment& target, const Translation& translation)
        : provider_(target.provider.type), target_(domain::target_name(target)),
          translation_(translation) {}

    base::Result<FrameFacts> feed(std::string_view event, std::string_view data,
                                  std::vector<domain::Event>& events) override;
    bool finish(std::vector<domain::Event>& events) override;
    std::string warning() const override { return warning_; }

private:
    void text(domain::BlockKind kind, json::Escaped fragment, std::vector<domain::Event>& events);
    void tool_call(json::Value call, std::string_view line, std::vector<domain::Event>& events);
    void end_block(std::vector<domain::Event>& events);
    void done(json::Value root, std::vector<domain::Event>& events);
    void fail(json::Value problem, std::vector<domain::Event>& events);

    std::string provider_, target_;
    Translation translation_;
    json::Document document_;
    base::Arena arena_;
    std::vector<std::string> call_ids_;
    std::string warning_;
    std::uint32_t blocks_ = 0;
    bool block_open_ = false;
    domain::BlockKind block_ = domain::BlockKind::text;
    bool started_ = false, ended_ = false;
};

// What Ollama's {"error": ...} means; `status` 0 for one inside a stream.
ProviderFailure ollama_failure(int status, std::string_view message);

}  // namespace tollgate::dialect
