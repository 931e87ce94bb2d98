// Decoding the input of an OpenAI Responses body into the neutral conversation: items that a turn
// is made of become one message. Internal to dialect/openai_responses*.cpp.
// Views borrow the document's text and the arena.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dialect/openai_responses_client.hpp"

namespace tollgate::dialect::openai_responses {

class ItemsDecoder {
public:
    ItemsDecoder(base::Arena& arena, domain::Request& request)
        : arena_(arena), request_(request) {}
    // `input` is a string or a list of items. Leading system and developer messages become the
    // system, tools that an item brings are added to the request's.
    // Fails: invalid_request naming the item.
    base::Result<void> decode(json::Value input);

private:
    base::Result<void> item(json::Value item, const std::string& field);
    base::Result<void> message(json::Value item, const std::string& field);
    base::Result<void> call(json::Value item, const std::string& field);
    base::Result<void> output(json::Value item, const std::string& field);
    base::Result<void> found_tools(json::Value item, const std::string& field);
    base::Result<void> content(json::Value content, const std::string& field, bool only_text,
                               std::vector<domain::Part>& parts);
    base::Result<void> part(json::Value value, const std::string& field, bool only_text,
                            std::vector<domain::Part>& parts);
    base::Result<void> image(json::Value value, const std::string& field, domain::Part& part);
    base::Result<void> file(json::Value value, const std::string& field, domain::Part& part);
    base::Result<void> audio(json::Value value, const std::string& field, domain::Part& part);
    base::Result<std::string_view> call_id(json::Value item, const std::string& field);
    // Thoughts that nothing followed (a turn broken off): targets refuse a turn that ends so.
    void drop_loose_thoughts();
    // The assistant's turn in progress: a new one unless the conversation ends with one.
    domain::Message& assistant();
    // Where the output of the call `id` goes: a result in the user's turn of results. Clients may
    // send several outputs of one call; targets take one.
    std::vector<domain::Part>& result(std::string_view id);
    bool has_result(std::string_view id) const;

    base::Arena& arena_;
    domain::Request& request_;
    bool leading_ = true;
};

}  // namespace tollgate::dialect::openai_responses
