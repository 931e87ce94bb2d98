#include "config/catalog_text.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace tollgate::config {
namespace {

const std::string file = "test.yaml";

// The tree with every place, one node a line.
void dump(const Node& node, const std::string& name, std::string& out) {
    out += std::to_string(node.line) + ":" + std::to_string(node.column) + " " + name + " = " +
           std::string(node.kind_name()) + (node.quoted ? " quoted " : " ") + node.text + "\n";
    for (const Node& item : node.items) dump(item, name + "[]", out);
    for (const Member& member : node.members) {
        out += std::to_string(member.line) + ":" + std::to_string(member.column) + " ";
        dump(member.value, name + "." + member.key, out);
    }
}

std::string plainly(const std::string& text) {
    Node root;
    if (!parse_plain_yaml(text, &file, root)) return "not plain";
    std::string out;
    dump(root, "", out);
    return out;
}

std::string generally(const std::string& text) {
    Node root;
    std::vector<Problem> problems;
    if (!parse_yaml(text, &file, root, problems) || !problems.empty()) return "wrong";
    std::string out;
    dump(root, "", out);
    return out;
}

std::string data_file(const std::string& name) {
    std::ifstream stream(std::string(TOLLGATE_SOURCE_DIR) + "/data/" + name);
    return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(CatalogText, ShippedFilesArePlainAndReadAsTheGeneralParserReadsThem) {
    for (const char* name : {"models.yaml", "providers.yaml", "betas.yaml", "tasks.yaml"}) {
        const std::string text = data_file(name);
        ASSERT_FALSE(text.empty()) << name;
        const std::string read = plainly(text);
        EXPECT_NE(read, "not plain") << name;
        EXPECT_TRUE(read == generally(text)) << name << " reads differently";
    }
}

TEST(CatalogText, EveryPlainFormReadsAsTheGeneralParserReadsIt) {
    for (const char* text : {
             "a: 1\n", "a: 1", "# head\n\na: 1 # note\nb: two words\n",
             "a:\n  b: 1\n  c: 2\nd: 3\n",
             "a:\n  - 1\n  - two\n", "a:\n- 1\n- 2\nb: 3\n", "a:\n  - b: 1\n    c: 2\n  - b: 3\n",
             "a: {b: 1, c: [x, \"y, z\"], d: {}}\n", "a: [\n  1, # one\n  2,\n  ]\nb: 2\n",
             "a: [{b: 1},\n    {b: 2, c: 3}]\n", "a: ~\nb: null\nc: [null, ~]\n",
             "a: \"\"\nb: \"x # y: z\"\n", "a: http://x:1/y#z\nb: c#d\n", "\"a b\": 1\n",
             "a: v1:0\nb: -1\nc: x-y\n", "a:\n    # deep\n    b: 1\n  # less\nc: 2\n",
             "- a\n- b: 1\n", "a: 1\n   # indented at the end\n", "", "# nothing\n",
             "a:   spaced   \n",
             "a:\n  - [1, 2]\n  - {b: 1}\n  - \"q\"\n",
             "a:\n  - b*  # not a key: c\n  - d#e\n",
         }) {
        EXPECT_EQ(plainly(text), generally(text)) << text;
        EXPECT_NE(plainly(text), "not plain") << text;
    }
}

TEST(CatalogText, WhatIsNotPlainIsLeftToTheGeneralParser) {
    for (const char* text : {
             "a: &x 1\nb: *x\n", "a: |\n  text\n", "a: >-\n  text\n", "a: 'single'\n",
             "a: \"\\n\"\n",
             "a: !!str 1\n", "a: two\n  lines\n", "a: b: c\n", "a:\nb: 1\n", "a: 1\na: 2\n",
             "a: {b: 1, b: 2}\n", "a: [1, 2\n", "a: {b 1}\n", "a: 1\n  b: 2\n", "a:\n\t- 1\n",
             "<<: {a: 1}\n", "---\na: 1\n", "a: 1\n---\nb: 1\n", "? a\n: 1\n", "a: [1] 2\n",
             "a: \"x\" y\n", "a: {b: 1}}\n", "just text\n", "a: 1\r\n", "a:\n  - b\n c: 1\n",
             "- - 1\n- 2\n", "a: @x\n", "-\n  a: 1\n", "a: {b: c: d}\n", "a: [b: c]\n",
         }) {
        EXPECT_EQ(plainly(text), "not plain") << text;
    }
}

TEST(CatalogText, NestingHasAnEnd) {
    std::string text = "a: ";
    for (int i = 0; i < 100'000; ++i) text += '[';
    EXPECT_EQ(plainly(text), "not plain");
}

TEST(CatalogText, RowsAreHandedOverOneByOne) {
    Node root;
    std::vector<std::string> ids;
    const auto take = [&](Node&& row) { ids.push_back(row.find("id")->text); };
    ASSERT_TRUE(parse_plain_yaml("rows:\n  - id: a\n    names: [x, y]\n  - id: b\nlast: 1\n", &file,
                                 root, take));
    EXPECT_EQ(ids, (std::vector<std::string>{"a", "b"}));
    ASSERT_NE(root.find("rows"), nullptr);
    EXPECT_TRUE(root.find("rows")->is_sequence());
    EXPECT_TRUE(root.find("rows")->items.empty());
    EXPECT_EQ(root.find("last")->text, "1");
}

}  // namespace
}  // namespace tollgate::config
