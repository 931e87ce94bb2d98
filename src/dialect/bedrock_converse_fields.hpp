// The fields of a Converse body beside its conversation: sampling, thinking, limits, and what
// configuration sets. Internal to dialect/bedrock_converse*.cpp. One per request being encoded.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/bedrock_model.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect::converse {

class Fields {
public:
    struct Context {
        bool forced_tool = false;          // a tool has to be called
        bool loop_keeps_thinking = true;   // see anthropic_turns.hpp
        bool answer_by_tool = false;       // structured output by a tool of ours
    };
    Fields(const domain::Request& request, const domain::Deployment& target,
           Translation& translation, Context context);

    // Plans everything. Fails: invalid_request for a field that changes the answer and has no
    // counterpart.
    base::Result<void> plan();
    // True when configuration sets this top-level field as a whole.
    bool imposed(std::string_view name) const;
    void write(json::Writer& writer) const;

private:
    using Members = std::vector<std::pair<std::string, std::string>>;  // name, JSON value
    static bool has(const Members& members, std::string_view name);
    static void set(Members& members, std::string_view name, std::string value);
    static void merge(Members& members, json::Raw object, bool only_missing);
    static std::string object_of(const Members& members);

    void limits();
    void thinking();
    void claude_thinking();
    void effort_thinking();
    void sampling();
    void number(Members& members, std::string_view sent, std::string_view name, json::Raw value,
                bool accepted);
    void top_k();
    void stop_sequences();
    void output_format();
    void tier();
    base::Result<void> extras();
    void configured(std::string_view name, json::Raw value, bool only_missing);

    const domain::Request& request_;
    const domain::Deployment& target_;
    Translation& translation_;
    const Context context_;
    const BedrockFamily family_;
    const bool native_;  // an Anthropic client
    std::int64_t max_tokens_ = 0;  // 0: the model's own
    bool thinks_ = false, limits_free_ = true;
    Members inference_, additional_, output_, top_;
};

}  // namespace tollgate::dialect::converse
