// The JSON parser, beside simdjson's. Rules: both accept the same texts and read the same values
// from them; what we write is read back. Where the two differ on purpose: numbers keep their
// spelling here and are never out of range, lone surrogates become U+FFFD, nesting ends at
// json::depth_max, and a byte order mark is no white space.
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "require.hpp"

namespace tollgate::fuzz {
namespace {

namespace dom = simdjson::dom;

// Lone surrogates are read differently: such strings are not compared.
bool has_surrogate(std::string_view text) {
    for (std::size_t at = text.find("\\u"); at != text.npos; at = text.find("\\u", at + 2)) {
        if (at + 3 < text.size() && (text[at + 2] == 'd' || text[at + 2] == 'D')) return true;
    }
    return false;
}

void compare(json::Value ours, dom::element theirs);

void compare_array(json::Value ours, dom::array theirs) {
    std::vector<dom::element> elements;
    for (dom::element element : theirs) elements.push_back(element);
    std::size_t index = 0;
    for (json::Value element : ours.elements()) {
        require(index < elements.size(), "arrays have the same length");
        compare(element, elements[index++]);
    }
    require(index == elements.size() && ours.size() == index, "arrays have the same length");
}

void compare_object(json::Value ours, dom::object theirs) {
    std::vector<dom::key_value_pair> members;
    for (dom::key_value_pair member : theirs) members.push_back(member);
    std::size_t index = 0;
    auto range = ours.members();
    for (auto at = range.begin(); at != range.end(); ++at) {
        require(index < members.size(), "objects have the same members");
        require(at.key().text() == members[index].key, "keys are the same");
        require(at.key().equals(members[index].key), "equals() knows its own text");
        compare(*at, members[index++].value);
    }
    require(index == members.size() && ours.size() == index, "objects have the same members");
}

void compare(json::Value ours, dom::element theirs) {
    switch (theirs.type()) {
        case dom::element_type::ARRAY:
            require(ours.is_array(), "an array");
            return compare_array(ours, theirs.get_array());
        case dom::element_type::OBJECT:
            require(ours.is_object(), "an object");
            return compare_object(ours, theirs.get_object());
        case dom::element_type::STRING: {
            std::string_view text = theirs.get_string();
            base::Arena arena;
            require(ours.is_string() && ours.text() == text, "a string", ours.raw());
            require(ours.text(arena) == text, "the same string from an arena", ours.raw());
            return;
        }
        case dom::element_type::INT64:
            require(ours.kind() == json::Kind::number, "a number", ours.raw());
            require(ours.integer() == theirs.get_int64().value(), "an integer", ours.raw());
            return;
        case dom::element_type::UINT64:
            require(ours.kind() == json::Kind::number && !ours.integer(), "out of our range");
            return;
        case dom::element_type::DOUBLE:
            require(ours.number() == theirs.get_double().value(), "a double", ours.raw());
            return;
        case dom::element_type::BOOL:
            require(ours.boolean() == theirs.get_bool().value(), "a boolean");
            return;
        case dom::element_type::NULL_VALUE: require(ours.is_null(), "null"); return;
        default: require(false, "a type that simdjson did not have");
    }
}

void check_compact(json::Value root) {
    std::string compact;
    json::append_compact(compact, root.raw());
    std::string expected(root.raw().size() + simdjson::SIMDJSON_PADDING, '\0');
    std::size_t length = 0;
    const simdjson::padded_string padded(root.raw());
    auto error = simdjson::minify(padded.data(), padded.size(), expected.data(), length);
    require(error == simdjson::SUCCESS, "simdjson can minify what it accepts");
    require(compact == std::string_view(expected).substr(0, length), "the same compact text",
            compact);
}

void check_walk(const json::Document& document, const base::Result<void>& scan,
                const std::vector<json::TopField>& scanned) {
    std::vector<json::TopField> walked;
    const auto walk = json::top_level_of(document, walked);
    require(walk.ok() == scan.ok(), "the tree has the members that the scan finds");
    if (!walk.ok()) {
        require(walk.error().message == scan.error().message, "both refuse in the same words",
                walk.error().message);
    }
    require(walked.size() == scanned.size(), "as many members in the tree as in the scan");
    for (std::size_t i = 0; i < walked.size(); ++i) {
        require(walked[i].key == scanned[i].key && walked[i].value == scanned[i].value &&
                    walked[i].offset == scanned[i].offset,
                "the same members in the tree and in the scan", walked[i].key);
    }
}

void check_top_level(std::string_view text, const json::Document& document) {
    const json::Value root = document.root();
    std::vector<json::TopField> fields;
    const auto scan = json::scan_top_level(text, fields);
    const bool scanned = scan.ok();
    check_walk(document, scan, fields);
    if (!root.is_object()) return require(!scanned, "only objects have members");
    if (!scanned) return;  // a key twice
    require(fields.size() == root.size(), "the scan finds every member");
    std::size_t index = 0;
    auto range = root.members();
    for (auto at = range.begin(); at != range.end(); ++at, ++index) {
        require(fields[index].value == (*at).raw(), "the scan finds the same values");
        require(fields[index].offset == (*at).offset(), "the scan finds the same places");
        require(json::key_equals(fields[index].key, at.key().text()), "the same keys");
    }
}

void describe(json::Value value, std::string& out) {
    out += std::to_string(value.offset()) + '+' + std::to_string(value.raw().size()) + ' ';
    for (json::Value element : value.elements()) describe(element, out);
    const auto members = value.members();
    for (auto at = members.begin(); at != members.end(); ++at) {
        describe(at.key(), out);
        describe(*at, out);
    }
}

// What the parser remembers of large values changes nothing of what they are.
void check_memory(std::string_view value) {
    constexpr std::size_t bytes_min = 1024;
    std::string text = R"({"tools":[)";
    for (text += value; text.size() < bytes_min;) text.append(",").append(value);
    text += "]}";
    std::string expected;
    json::Document document;
    for (int round = 0; round < 4; ++round) {  // parsed, kept, taken; under another name
        if (round == 3) text[6] = 'z';
        const auto root = document.parse(text);
        require(root.ok(), "an array of valid values is valid", text);
        std::string described;
        describe(*root, described);
        require(round == 0 || described == expected, "the same tree each time", text);
        expected = described;
    }
}

void check_writing(std::string_view bytes) {
    if (!simdjson::validate_utf8(bytes.data(), bytes.size())) return;
    std::string written;
    json::append_string(written, bytes);
    json::Document document;
    auto read = document.parse(written);
    require(read.ok() && read->text() == bytes, "what is written is read back", written);
}

}  // namespace
}  // namespace tollgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tollgate;
    using namespace tollgate::fuzz;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_writing(text);
    std::vector<json::TopField> fields;
    [[maybe_unused]] auto scanned = json::scan_top_level(text, fields);

    json::Document document;
    auto ours = document.parse(text);
    static simdjson::dom::parser parser;
    const simdjson::padded_string padded(text);
    simdjson::dom::element root;
    const auto error = parser.parse(padded).get(root);
    if (text.starts_with("\xef\xbb\xbf")) return 0;
    if (ours.ok()) check_top_level(text, document);
    constexpr std::size_t shallow_bytes = 200;  // one more array around it is not too deep
    if (ours.ok() && size > 0 && size < shallow_bytes) check_memory(text);
    if (ours.ok() && error == simdjson::SUCCESS) {
        check_compact(*ours);
        if (!has_surrogate(text)) compare(*ours, root);
        return 0;
    }
    if (ours.ok() == (error == simdjson::SUCCESS)) return 0;
    if (!ours.ok()) {
        require(ours.error().message.find("deep") != std::string::npos ||
                    ours.error().message.find("nest") != std::string::npos,
                "simdjson accepts this, we do not", ours.error().message);
        return 0;
    }
    const bool number = error == simdjson::NUMBER_ERROR;
    const bool surrogate = error == simdjson::STRING_ERROR && has_surrogate(text);
    require(number || surrogate, "we accept this, simdjson does not", text);
    return 0;
}
