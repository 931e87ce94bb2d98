#include "commands/render.hpp"

#include <gtest/gtest.h>

namespace tollgate::commands {
namespace {

const Column columns[] = {{"NAME", "name"},
                          {"WHEN", "when", Show::moment},
                          {"DEEP", "a.b"},
                          {"TAG", "tag", Show::optional}};
const std::vector<std::string> rows = {
    R"({"name":"long name","when":"2026-11-21T05:06:07.000Z","a":{"b":[1,"x"]}})",
    R"({"name":"ü","when":null,"a":{}})"};

TEST(Render, Table_AlignsByCharactersAndLeavesOutColumnsNobodyHas) {
    EXPECT_EQ(rows_text(Output::table, columns, rows, false),
              "NAME       WHEN              DEEP\n"
              "long name  2026-11-21 05:06  1,x\n"
              "ü          -                 -\n");
    EXPECT_EQ(rows_text(Output::table, columns, {}, false), "");
}

TEST(Render, TableInColour_MarksItsHeading) {
    const std::string text = rows_text(Output::table, columns, rows, true);
    EXPECT_EQ(text.rfind("\x1B[1mNAME", 0), 0U);
    EXPECT_NE(text.find("DEEP\x1B[0m\n"), text.npos);
}

TEST(Render, TextFromElsewhere_CannotControlATerminalOrASpreadsheet) {
    const std::vector<std::string> odd = {R"({"name":"a\u001b[31m\nb","when":"=1+2","a":{"b":-5}})"};
    EXPECT_EQ(rows_text(Output::table, columns, odd, false),
              "NAME      WHEN  DEEP\n"
              "a?[31m?b  =1+2  -5\n");
    const std::vector<std::string> wide = {R"({"name":"\u009b31m é"})"};
    EXPECT_EQ(rows_text(Output::table, {columns, 1}, wide, false), "NAME\n?31m é\n");
    EXPECT_EQ(rows_text(Output::csv, columns, odd, false),
              "name,when,a.b,tag\n\"a\x1B[31m\nb\",\"'=1+2\",-5,\n");
}

TEST(Render, Csv_QuotesAndKeepsEveryColumn) {
    const std::vector<std::string> one = {R"({"name":"a,\"b\"","tag":"t"})"};
    EXPECT_EQ(rows_text(Output::csv, columns, one, false),
              "name,when,a.b,tag\n\"a,\"\"b\"\"\",,,t\n");
    EXPECT_EQ(rows_text(Output::csv, columns, {}, false), "name,when,a.b,tag\n");
}

TEST(Render, Json_IsIndentedAndKeepsSpellings) {
    const std::vector<std::string> one = {R"({"n":1.50,"e":{},"l":[],"s":"a\u00fcb"})"};
    EXPECT_EQ(rows_text(Output::json, columns, one, false),
              "[\n  {\n    \"n\": 1.50,\n    \"e\": {},\n    \"l\": [],\n    \"s\": "
              "\"a\\u00fcb\"\n  }\n]\n");
}

TEST(Render, Yaml_QuotesWhatAReaderWouldTakeForSomethingElse) {
    EXPECT_EQ(yaml_text(R"({"a":"text","b":"true","c":"1","d":null,"e":[],"f":[{"x":1,"y":[2]}],)"
                        R"("g":"a: b","h":"","no":{"z":"2026-11-21"}})"),
              "a: text\n"
              "b: \"true\"\n"
              "c: \"1\"\n"
              "d: null\n"
              "e: []\n"
              "f:\n"
              "  - x: 1\n"
              "    \"y\":\n"
              "      - 2\n"
              "g: \"a: b\"\n"
              "h: \"\"\n"
              "\"no\":\n"
              "  z: \"2026-11-21\"\n");
    EXPECT_EQ(yaml_text("[]"), "[]\n");
    EXPECT_EQ(yaml_text("[[1,2],3]"), "- - 1\n  - 2\n- 3\n");
}

TEST(Render, Object_IsALinePerMember) {
    const std::string object = R"({"id":"x","limits":{"rpm":5,"rph":null},"list":["a","b"],"o":{}})";
    EXPECT_EQ(object_text(Output::table, object),
              "id          x\nlimits.rpm  5\nlimits.rph  -\nlist        a,b\no           -\n");
    EXPECT_EQ(object_text(Output::csv, object),
              "id,limits.rpm,limits.rph,list,o\nx,5,,\"a,b\",\n");
}

}  // namespace
}  // namespace tollgate::commands
