#include "config/catalog_text.hpp"

#include <algorithm>

namespace tollgate::config {
namespace {

constexpr int depth_max = 32;

bool is_null_word(std::string_view word) {
    return word.empty() || word == "~" || word == "null" || word == "Null" || word == "NULL";
}

// Whoever finds something that is not plain YAML sets `bad_` by fail(); everything unwinds then.
class PlainParser {
public:
    PlainParser(std::string_view text, const std::string* file, const RowTaker& take_row)
        : text_(text), file_(file), take_row_(take_row) {}

    bool parse(Node& root) {
        root.file = file_;
        if (!next_line()) return !bad_;
        block(root, indent_, 0);
        return !bad_ && at_end();
    }

private:
    bool at_end() const { return at_ >= text_.size(); }
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n';
    }
    void fail() {
        bad_ = true;
        at_ = text_.size();
    }
    void start(Node& node, Node::Kind kind) const {
        node.kind = kind;
        node.file = file_;
        node.line = line_;
        node.column = at_ - line_start_ + 1;
    }
    std::size_t column() const { return at_ - line_start_; }
    void skip_blanks() {
        while (peek() == ' ') ++at_;
    }
    bool rest_is_comment() const {
        return peek() == '\n' || (peek() == '#' && (column() == 0 || text_[at_ - 1] == ' '));
    }
    void new_line() {
        at_ = std::min(text_.find('\n', at_), text_.size());
        if (!at_end()) ++at_;
        ++line_;
        line_start_ = at_;
    }
    // To the first character of the next line that says something; false at the end. Its indent is
    // then known. REQUIRES: nothing but a comment is left of the current line.
    bool next_line() {
        if (at_ != line_start_) new_line();
        while (!at_end()) {
            skip_blanks();
            if (!at_end() && !rest_is_comment()) {
                indent_ = column();
                return true;
            }
            if (!at_end()) new_line();
        }
        indent_ = 0;
        return false;
    }
    // After a value: the rest of its line must say nothing.
    bool end_of_value() {
        skip_blanks();
        if (!at_end() && !rest_is_comment()) {
            fail();
            return false;
        }
        return next_line();
    }

    bool starts_item() const { return peek() == '-' && (peek(1) == ' ' || peek(1) == '\n'); }

    // A mapping or a list whose lines begin at `indent`; leaves at the first line that does not.
    void block(Node& node, std::size_t indent, int depth) {
        if (depth > depth_max) return fail();
        if (starts_item()) items(node, indent, depth);
        else members(node, indent, depth);
    }

    void items(Node& node, std::size_t indent, int depth) {
        start(node, Node::Kind::sequence);
        const bool take = depth == 1 && take_row_;
        while (!at_end() && column() == indent && starts_item()) {
            at_ += 1;
            skip_blanks();
            if (rest_is_comment()) return fail();
            Node item;
            if (starts_member()) members(item, column(), depth + 1);
            else value(item, indent, depth);
            if (bad_) return;
            if (take) take_row_(std::move(item));
            else node.items.push_back(std::move(item));
        }
        if (!at_end() && column() > indent) fail();
    }

    // Whether the line goes on as `key: ...`.
    bool starts_member() const {
        for (std::size_t i = at_; i < text_.size(); ++i) {
            const char letter = text_[i];
            if (letter == ':' && (i + 1 == text_.size() || text_[i + 1] == ' ' ||
                                  text_[i + 1] == '\n')) {
                return true;
            }
            if (letter == '\n' || letter == '"' || letter == '{' || letter == '[') return false;
            if (letter == '#' && i > at_ && text_[i - 1] == ' ') return false;
        }
        return false;
    }

    void members(Node& node, std::size_t indent, int depth) {
        start(node, Node::Kind::mapping);
        do {
            Member member;
            member.line = line_;
            member.column = column() + 1;
            if (!key(member.key)) return fail();
            if (node.find(member.key) != nullptr) return fail();
            skip_blanks();
            if (!rest_is_comment()) {
                value(member.value, indent, depth);
            } else if (next_line() && (indent_ > indent || (indent_ == indent && starts_item()))) {
                block(member.value, indent_, depth + 1);
            } else {
                return fail();
            }
            if (bad_) return;
            node.members.push_back(std::move(member));
        } while (!at_end() && column() == indent && !starts_item());
        if (!at_end() && column() > indent) fail();
    }

    // `key:`; stands behind the colon then. A bare key is a word.
    bool key(std::string& out) {
        Node name;
        if (peek() == '"') quoted(name);
        else name.text = word();
        if (peek() != ':') return false;
        out = std::move(name.text);
        ++at_;
        return !bad_ && !is_null_word(out) && out != "<<" && (peek() == ' ' || peek() == '\n');
    }

    // A value in the rest of the line (a flow collection may go on below), and the lines' end.
    void value(Node& node, std::size_t indent, int depth) {
        const bool flows = peek() == '{' || peek() == '[';
        if (flows) {
            flow(node, depth + 1);
        } else if (peek() == '"') {
            quoted(node);
        } else if (!plain(node, false) || peek() == ':') {
            return fail();
        }
        // A deeper line would go on with the scalar, which plain text does not do.
        if (end_of_value() && column() > indent && !bad_) fail();
    }

    static bool is_word(char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '_' || letter == '.';
    }

    std::string_view word() {
        const std::size_t begin = at_;
        while (is_word(peek()) || (at_ > begin && (peek() == '-' || peek() == '*'))) ++at_;
        return text_.substr(begin, at_ - begin);
    }

    void quoted(Node& node) {
        start(node, Node::Kind::scalar);
        node.quoted = true;
        const std::size_t end = text_.find_first_of("\"\\\n", ++at_);
        if (end == std::string_view::npos || text_[end] != '"') return fail();
        node.text = text_.substr(at_, end - at_);
        at_ = end + 1;
    }

    // Stops at `: `, ` #`, the line's end, and in a flow at its punctuation. False: not plain.
    bool plain(Node& node, bool in_flow) {
        static constexpr std::string_view indicators = "&*!|>'%@`?#,[]{}\"";
        static constexpr std::string_view odd_in_flow = " -+*/~$";
        start(node, Node::Kind::scalar);
        const char first = peek();
        if (indicators.find(first) != std::string_view::npos) return false;
        if (first == '-' && (peek(1) == ' ' || peek(1) == '\n' || peek(1) == '-')) return false;
        const std::size_t begin = at_;
        std::size_t end = at_;
        for (; !at_end() && peek() != '\n'; ++at_) {
            const char letter = peek();
            if (letter == ':' && (peek(1) == ' ' || peek(1) == '\n' || in_flow)) break;
            if (letter == '#' && at_ > begin && text_[at_ - 1] == ' ') break;
            if (in_flow && std::string_view(",[]{}").find(letter) != std::string_view::npos) break;
            if (in_flow && !is_word(letter) && odd_in_flow.find(letter) == odd_in_flow.npos) {
                return false;
            }
            if (letter != ' ') end = at_ + 1;
        }
        node.text = text_.substr(begin, end - begin);
        if (is_null_word(node.text)) {
            if (node.text.empty()) return false;
            node.kind = Node::Kind::null;
            node.text.clear();
        }
        return true;
    }

    // Blanks, line breaks and comments between the parts of a flow collection.
    void flow_gap() {
        for (;;) {
            skip_blanks();
            if (at_end() || !rest_is_comment()) return;
            new_line();
        }
    }

    void flow(Node& node, int depth) {
        if (depth > depth_max) return fail();
        const bool mapping = peek() == '{';
        const char close = mapping ? '}' : ']';
        start(node, mapping ? Node::Kind::mapping : Node::Kind::sequence);
        ++at_;
        for (flow_gap(); peek() != close; flow_gap()) {
            if (at_end()) return fail();
            if (mapping) {
                flow_member(node, depth);
            } else {
                node.items.emplace_back();
                flow_value(node.items.back(), depth);
            }
            flow_gap();
            if (peek() == ',') ++at_;
            else if (peek() != close) return fail();
        }
        ++at_;
    }

    void flow_member(Node& node, int depth) {
        Member member;
        member.line = line_;
        member.column = column() + 1;
        if (!key(member.key) || node.find(member.key) != nullptr) return fail();
        flow_gap();
        flow_value(member.value, depth);
        node.members.push_back(std::move(member));
    }

    void flow_value(Node& node, int depth) {
        if (peek() == '{' || peek() == '[') return flow(node, depth + 1);
        if (peek() == '"') return quoted(node);
        if (!plain(node, true) || peek() == '\n' || peek() == ':') fail();
    }

    std::string_view text_;
    const std::string* file_;
    const RowTaker& take_row_;
    std::size_t at_ = 0, line_ = 1, line_start_ = 0, indent_ = 0;
    bool bad_ = false;
};

}  // namespace

bool parse_plain_yaml(std::string_view text, const std::string* file, Node& root,
                      const RowTaker& take_row) {
    root = Node();
    const auto is_plain = [](char letter) {
        return (letter >= ' ' && letter <= '~') || letter == '\n';
    };
    if (!std::all_of(text.begin(), text.end(), is_plain)) return false;
    return PlainParser(text, file, take_row).parse(root);
}

}  // namespace tollgate::config
