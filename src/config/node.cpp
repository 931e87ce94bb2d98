#include "config/node.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <istream>
#include <streambuf>

#include "base/json.hpp"
#include "config/scalar.hpp"

namespace tollgate::config {
namespace {

// Reads a string_view without copying it.
class ViewBuffer : public std::streambuf {
public:
    explicit ViewBuffer(std::string_view text) {
        char* begin = const_cast<char*>(text.data());
        setg(begin, begin, begin + text.size());
    }
};

// Builds the tree from the parser's events. Open collections stand on a stack; a mapping's key
// waits in its frame until the value arrives.
class Builder : public YAML::EventHandler {
public:
    Builder(const std::string* file, std::vector<Problem>& problems)
        : file_(file), problems_(problems) {}

    Node root;
    bool too_large = false;

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        finish(make(Node::Kind::null, mark), anchor);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = make(Node::Kind::scalar, mark);
        node.text = value;
        node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
        finish(std::move(node), anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (anchor >= anchors_.size() || !anchors_[anchor]) {
            Node place = make(Node::Kind::null, mark);
            complain(problems_, Severity::error, place, "",
                     "the alias refers to an anchor that is not complete here");
            return finish(std::move(place), 0);
        }
        if (nodes_ + sizes_[anchor] > nodes_max) {
            too_large = true;
            return finish(make(Node::Kind::null, mark), 0);
        }
        nodes_ += sizes_[anchor];
        finish(Node(*anchors_[anchor]), 0);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(make(Node::Kind::sequence, mark), anchor);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(make(Node::Kind::mapping, mark), anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    struct Frame {
        Node node;
        YAML::anchor_t anchor = 0;
        std::size_t nodes_before = 0;
        bool key_waiting = false;
        Node key;
        std::vector<Node> merged;  // values of `<<`
    };

    Node make(Node::Kind kind, const YAML::Mark& mark) {
        Node node;
        node.kind = kind;
        node.file = file_;
        node.line = static_cast<std::size_t>(mark.line < 0 ? 0 : mark.line) + 1;
        node.column = static_cast<std::size_t>(mark.column < 0 ? 0 : mark.column) + 1;
        ++nodes_;
        return node;
    }
    void open(Node node, YAML::anchor_t anchor) {
        Frame frame;
        frame.node = std::move(node);
        frame.anchor = anchor;
        frame.nodes_before = nodes_;
        stack_.push_back(std::move(frame));
    }
    void close() {
        Frame frame = std::move(stack_.back());
        stack_.pop_back();
        for (const Node& merged : frame.merged) merge(frame.node, merged);
        const std::size_t size = nodes_ - frame.nodes_before + 1;
        finish(std::move(frame.node), frame.anchor, size);
    }
    // `<<: *base`: members of the base that the mapping does not have itself.
    void merge(Node& into, const Node& from) {
        if (from.is_sequence()) {
            for (const Node& item : from.items) merge(into, item);
            return;
        }
        if (!from.is_mapping()) {
            complain(problems_, Severity::error, from, "<<", "a merge needs a mapping");
            return;
        }
        for (const Member& member : from.members) {
            if (!into.find(member.key)) into.members.push_back(member);
        }
    }
    void remember(const Node& node, YAML::anchor_t anchor, std::size_t size) {
        if (anchor == 0) return;
        if (anchors_.size() <= anchor) {
            anchors_.resize(anchor + 1);
            sizes_.resize(anchor + 1);
        }
        anchors_[anchor] = std::make_unique<Node>(node);
        sizes_[anchor] = size;
    }
    void finish(Node node, YAML::anchor_t anchor, std::size_t size = 1) {
        remember(node, anchor, size);
        if (stack_.empty()) {
            root = std::move(node);
            return;
        }
        Frame& frame = stack_.back();
        if (frame.node.is_sequence()) {
            frame.node.items.push_back(std::move(node));
        } else if (!frame.key_waiting) {
            frame.key = std::move(node);
            frame.key_waiting = true;
        } else {
            frame.key_waiting = false;
            add_member(frame, std::move(node));
        }
    }
    void add_member(Frame& frame, Node value) {
        Node& key = frame.key;
        if (key.is_sequence() || key.is_mapping()) {
            complain(problems_, Severity::error, key, "", "a key must be a single word or text");
            return;
        }
        if (key.text == "<<" && !key.quoted) {
            frame.merged.push_back(std::move(value));
            return;
        }
        if (key.is_null()) key.text = "null";
        // Linear search is fine for what people write; a giant mapping is no configuration.
        for (const Member& member : frame.node.members) {
            if (member.key != key.text) continue;
            complain(
                problems_, Severity::error, key, key.text,
                "the key stands twice here; the first is in line " + std::to_string(member.line));
            return;
        }
        frame.node.members.push_back({key.text, key.line, key.column, std::move(value)});
    }

    const std::string* file_;
    std::vector<Problem>& problems_;
    std::vector<Frame> stack_;
    std::vector<std::unique_ptr<Node>> anchors_;
    std::vector<std::size_t> sizes_;
    std::size_t nodes_ = 0;
};

std::string_view line_of(std::string_view text, std::size_t number) {
    std::size_t begin = 0;
    for (std::size_t i = 1; i < number; ++i) {
        const std::size_t end = text.find('\n', begin);
        if (end == std::string_view::npos) return {};
        begin = end + 1;
    }
    return text.substr(begin, text.find('\n', begin) - begin);
}

// yaml-cpp's words for what people do most often wrong are hard to read.
std::string explain(std::string_view text, std::size_t line, const std::string& words) {
    const std::string_view here = line_of(text, line);
    const std::size_t indent = here.find_first_not_of(" \t");
    if (here.substr(0, indent).find('\t') != std::string_view::npos) {
        return "a tab in the indentation; YAML allows only spaces there";
    }
    if (words.find("end of map not found") != std::string::npos) {
        return "the indentation does not fit the lines above, or a `:` is missing";
    }
    if (words.find("illegal map value") != std::string::npos) {
        return "a second `: ` in one line; put the value in quotes";
    }
    if (words.find("unknown token") != std::string::npos) {
        return "a value may not begin with this character; put it in quotes";
    }
    return "not valid YAML: " + words;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    for (const Member& member : members) {
        if (member.key == key) return &member.value;
    }
    return nullptr;
}
Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }
Origin Node::origin() const {
    if (!variable.empty()) return {Origin::Kind::environment, variable, 0, 0};
    return {Origin::Kind::file, file ? *file : std::string{}, line, column};
}
std::string_view Node::kind_name() const {
    switch (kind) {
        case Kind::null: return "nothing";
        case Kind::scalar: return "a single value";
        case Kind::sequence: return "a list";
        case Kind::mapping: return "a mapping";
    }
    return "";
}

bool parse_yaml(std::string_view text, const std::string* file, Node& root,
                std::vector<Problem>& problems) {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    Builder builder(file, problems);
    try {
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        Builder second(file, problems);
        if (parser.HandleNextDocument(second) && !second.root.is_null()) {
            complain(
                problems, Severity::error, second.root, "",
                "a second document (`---`) in one file is not read; make it a file of its own");
        }
    } catch (const YAML::Exception& error) {
        Node place;
        place.file = file;
        place.line = static_cast<std::size_t>(std::max(error.mark.line, 0)) + 1;
        place.column = static_cast<std::size_t>(std::max(error.mark.column, 0)) + 1;
        complain(problems, Severity::error, place, "", explain(text, place.line, error.msg));
        return false;
    }
    root = std::move(builder.root);
    if (root.file == nullptr) root.file = file;
    if (builder.too_large) {
        complain(problems, Severity::error, root, "",
                 "aliases make this document larger than " + std::to_string(nodes_max) + " values");
        return false;
    }
    return true;
}

std::string to_json(const Node& node) {
    std::string out;
    switch (node.kind) {
        case Node::Kind::null: return "null";
        case Node::Kind::scalar:
            if (!node.quoted && node.variable.empty()) {
                if (auto flag = parse_bool(node.text)) return *flag ? "true" : "false";
                if (is_json_number(node.text)) return node.text;
            }
            json::append_string(out, node.text);
            return out;
        case Node::Kind::sequence: {
            out += '[';
            for (const Node& item : node.items) {
                if (out.size() > 1) out += ',';
                out += to_json(item);
            }
            out += ']';
            return out;
        }
        case Node::Kind::mapping: {
            out += '{';
            for (const Member& member : node.members) {
                if (out.size() > 1) out += ',';
                json::append_string(out, member.key);
                out += ':';
                out += to_json(member.value);
            }
            out += '}';
            return out;
        }
    }
    return out;
}

void complain(std::vector<Problem>& problems, Severity severity, const Node& node,
              std::string_view path, std::string message, std::string suggestion) {
    problems.push_back({severity, node.file ? *node.file : std::string{}, node.line, node.column,
                        std::string(path), std::move(message), std::move(suggestion)});
}

std::string join_path(std::string_view parent, std::string_view key) {
    if (parent.empty()) return std::string(key);
    std::string path(parent);
    if (!key.starts_with('[')) path += '.';
    path += key;
    return path;
}

}  // namespace tollgate::config
