// Decoding the input of an OpenAI Responses body into the neutral conversation: items that a turn
// is made of become one message. Internal to dialect/openai_responses*.cpp.
// Views borrow the document's text and the arena.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dialect/members.hpp"
#include "dialect/openai_responses_client.hpp"
#include "dialect/place.hpp"

namespace tollgate::dialect::openai_responses {

using ItemMembers = Members<"type", "role", "content", "call_id", "name", "namespace", "arguments",
                            "input", "output">;

class ItemsDecoder {
public:
    ItemsDecoder(base::Arena& arena, domain::Request& request)
        : arena_(arena), request_(request) {}
    // `input` is a string or a list of items. Leading system and developer messages become the
    // system, tools that an item brings are added to the request's.
    // Fails: invalid_request naming the item.
    base::Result<void> decode(json::Value input);

private:
    base::Result<void> item(json::Value item, const Place& field);
    base::Result<void> message(const ItemMembers& item, const Place& field);
    base::Result<void> call(const ItemMembers& item, std::string_view type, const Place& field);
    base::Result<void> output(const ItemMembers& item, const Place& field);
    base::Result<void> found_tools(json::Value item, const Place& field);
    base::Result<void> content(json::Value content, const Place& field, bool only_text,
                               std::vector<domain::Part>& parts);
    base::Result<void> part(json::Value value, const Place& field, bool only_text,
                            std::vector<domain::Part>& parts);
    base::Result<void> image(json::Value value, const Place& field, domain::Part& part);
    base::Result<void> file(json::Value value, const Place& field, domain::Part& part);
    base::Result<void> audio(json::Value value, const Place& field, domain::Part& part);
    base::Result<std::string_view> call_id(json::Value id, const Place& field);
    // Thoughts that nothing followed (a turn broken off): targets refuse a turn that ends so.
    void drop_loose_thoughts();
    // The assistant's turn in progress: a new one unless the conversation ends with one.
    domain::Message& assistant();
    // Where the output of the call `id` goes: a result in the user's turn of results. Clients may
    // send several outputs of one call; targets take one.
    std::vector<domain::Part>& result(std::string_view id);

    base::Arena& arena_;
    domain::Request& request_;
    std::vector<std::string_view> answered_;  // ids of the calls that have a result
    bool leading_ = true;
};

}  // namespace tollgate::dialect::openai_responses
