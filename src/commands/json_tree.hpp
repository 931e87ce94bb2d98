// A JSON object that is put together member by member, also below other members. Plain values.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace tollgate::commands {

class JsonTree {
public:
    JsonTree() = default;
    // Fails: invalid_request when the text is no JSON object.
    static base::Result<JsonTree> of(std::string_view text);

    // Sets "limits.requests_per_minute"; what is no object on the way there becomes one. `raw` is
    // valid JSON.
    void set(std::string_view path, std::string raw);
    // Makes the member an object, unless it is one already.
    JsonTree& make_object(std::string_view path);
    // Whether there is such a member of this very object.
    bool has(std::string_view name) const;
    std::string text() const;

private:
    struct Member;
    static void read(JsonTree& tree, json::Value object);
    Member& member(std::string_view name);
    void append(std::string& out) const;
    std::vector<Member> members_;
};

struct JsonTree::Member {
    std::string name;
    std::string raw;                  // a value; "" : `below`
    std::unique_ptr<JsonTree> below;  // an object
};

}  // namespace tollgate::commands
