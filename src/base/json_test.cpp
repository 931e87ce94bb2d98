#include "base/json.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>

#include "base/json_scan.hpp"

namespace tollgate::json {
namespace {

std::string message_of(std::string_view text) {
    Document document;
    auto result = document.parse(text);
    return result.ok() ? "ok" : result.error().message;
}

TEST(JsonParse, Tree_EveryKindIsReachable) {
    const std::string text =
        R"( { "a" : [1, -2.5e3, true, false, null, "x\ny"], "b":{"c":{}}, "d":[] } )";
    Document document;
    auto parsed = document.parse(text);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    const Value root = *parsed;
    EXPECT_EQ(root.kind(), Kind::object);
    EXPECT_EQ(root.size(), 3u);
    EXPECT_EQ(root["a"].size(), 6u);
    std::vector<std::string> raws;
    for (Value each : root["a"].elements()) raws.emplace_back(each.raw());
    EXPECT_EQ(raws,
              (std::vector<std::string>{"1", "-2.5e3", "true", "false", "null", R"("x\ny")"}));
    EXPECT_EQ(root["b"]["c"].raw(), "{}");
    EXPECT_TRUE(root["d"].is_array());
    EXPECT_FALSE(root["d"]["x"]["y"].exists());
    EXPECT_FALSE(root["missing"].exists());
    std::vector<std::string> keys;
    auto members = root.members();
    for (auto it = members.begin(); !(it == members.end()); ++it) keys.push_back(it.key().text());
    EXPECT_EQ(keys, (std::vector<std::string>{"a", "b", "d"}));
    EXPECT_EQ(root["b"].offset(), text.find("{\"c\""));
}

TEST(JsonParse, Scalars_AreConverted) {
    Document document;
    const std::string text =
        R"([12, -7, 4096.0, 1.5, 1e400, 9223372036854775808, true, "q\u0041"])";
    auto root = document.parse(text);
    ASSERT_TRUE(root.ok());
    std::vector<Value> each;
    for (Value value : root->elements()) each.push_back(value);
    EXPECT_EQ(each[0].integer(), 12);
    EXPECT_EQ(each[1].integer(), -7);
    EXPECT_EQ(each[2].integer(), 4096);
    EXPECT_EQ(each[3].integer(), std::nullopt);
    EXPECT_EQ(each[3].number(), 1.5);
    EXPECT_EQ(each[4].number(), std::nullopt);
    EXPECT_EQ(each[5].integer(), std::nullopt);
    EXPECT_EQ(each[6].boolean(), true);
    EXPECT_TRUE(each[7].equals("qA"));
    base::Arena arena;
    EXPECT_EQ(each[7].text(arena), "qA");
    EXPECT_EQ(each[7].escaped().raw, "q\\u0041");
}

TEST(JsonParse, NumbersOutOfADoublesRange_AreZeroOrNone) {
    Document document;
    EXPECT_EQ(document.parse("-5.0e-00920")->number(), 0.0);
    EXPECT_EQ(document.parse("1e400")->number(), std::nullopt);
    for (const char* tiny : {"2e-05586559", "-1e-400", "1e-9999999999999999999999", "0e9999999"}) {
        EXPECT_EQ(document.parse(tiny)->number(), 0.0) << tiny << " is too small for a double";
    }
}

TEST(JsonParse, Keys_CompareUnescaped) {
    Document document;
    auto root = document.parse(R"({"mod\u0065l":"x"})");
    ASSERT_TRUE(root.ok());
    EXPECT_TRUE((*root)["model"].equals("x"));
}

TEST(JsonParse, KeysOfAnyLength_AreToldApartByEachByte) {
    for (std::size_t size = 0; size < 40; ++size) {
        const std::string key(size, 'k');
        std::string text = "{";
        for (std::size_t place = 0; place < size; ++place) {
            std::string other = key;
            other[place] = 'o';
            text += '"' + other + "\":0,";
        }
        text += '"' + key + "k\":0,\"" + key + "\":1}";
        Document document;
        const auto root = document.parse(text);
        ASSERT_TRUE(root.ok());
        EXPECT_EQ((*root)[key].raw(), "1") << size;
        EXPECT_FALSE((*root)[key + "kk"].exists());
        const std::string spelled = R"({"\u006b)" + key + R"(":2,)" + text.substr(1);
        const auto escaped = document.parse(spelled);
        ASSERT_TRUE(escaped.ok());
        EXPECT_EQ((*escaped)[key].raw(), "1") << size;
        EXPECT_EQ((*escaped)[key + "k"].raw(), "2") << size;
    }
}

TEST(JsonParse, Malformed_NamesOffsetAndExpectation) {
    EXPECT_EQ(message_of(""), "malformed JSON at byte 0: expected a value");
    EXPECT_EQ(message_of("{\"a\" 1}"), "malformed JSON at byte 5: expected a colon");
    EXPECT_EQ(message_of("[1,2,,]"), "malformed JSON at byte 5: expected a value");
    EXPECT_EQ(message_of("[1 2]"), "malformed JSON at byte 3: expected a comma or ]");
    EXPECT_EQ(message_of("{\"a\":1]"), "malformed JSON at byte 6: expected a comma or }");
    EXPECT_EQ(message_of("{,}"), "malformed JSON at byte 1: expected a key in quotes");
    EXPECT_EQ(message_of("tru"), "malformed JSON at byte 0: expected a value");
    EXPECT_EQ(message_of("01"),
              "malformed JSON at byte 1: expected a number without a leading zero");
    EXPECT_EQ(message_of("1."), "malformed JSON at byte 2: expected a digit");
    EXPECT_EQ(message_of("-"), "malformed JSON at byte 1: expected a digit");
    EXPECT_EQ(message_of("\"a\nb\""),
              "malformed JSON at byte 2: expected a control character written as an escape");
    EXPECT_EQ(message_of("\"\\x\""), "malformed JSON at byte 1: expected a valid escape sequence");
    EXPECT_EQ(message_of("\"abc"),
              "malformed JSON at byte 4: expected the quote that ends the string");
    EXPECT_EQ(message_of("{} x"), "malformed JSON at byte 3: expected nothing after the value");
    EXPECT_EQ(message_of("[\"\xc3\xa9\", \"\xed\xa0\x80\"]"),
              "malformed JSON at byte 8: expected valid UTF-8");
}

TEST(JsonParse, Depth_IsLimited) {
    EXPECT_EQ(message_of(std::string(256, '[') + std::string(256, ']')), "ok");
    EXPECT_EQ(message_of(std::string(257, '[') + std::string(257, ']')),
              "malformed JSON at byte 256: expected no deeper nesting than 256 levels");
}

TEST(JsonText, Unescape_AllFormsAndLoneSurrogates) {
    std::string out;
    append_unescaped(out, Escaped{R"(a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00z\ud83dq\udc00)"});
    EXPECT_EQ(out, "a\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80z\xef\xbf\xbdq\xef\xbf\xbd");
}

TEST(JsonText, Append_EscapesAndRepairsUtf8) {
    std::string out;
    append_string(out, std::string_view("q\"\\\n\x01\xff"
                                        "end",
                                        9));
    EXPECT_EQ(out,
              "\"q\\\"\\\\\\n\\u0001\xef\xbf\xbd"
              "end\"");
    std::string round;
    append_unescaped(round, Escaped{std::string_view(out).substr(1, out.size() - 2)});
    EXPECT_EQ(round,
              "q\"\\\n\x01\xef\xbf\xbd"
              "end");
}

TEST(JsonText, Compact_RemovesSpaceOutsideStringsOnly) {
    std::string out;
    append_compact(out, "{ \"a b\" : [ 1 ,\n\t\"x \\\" y\" ] }");
    EXPECT_EQ(out, "{\"a b\":[1,\"x \\\" y\"]}");
}

TEST(JsonText, CompactEscaped_IsAStringOfTheCompactValue) {
    std::string out;
    append_compact_escaped(out, "{ \"a b\" : \"x \\\" \\\\ \\n y\",\n\"c\": [1, {}] }");
    EXPECT_EQ(out, R"({\"a b\":\"x \\\" \\\\ \\n y\",\"c\":[1,{}]})");
}

TEST(JsonText, Append_LongTextWithManyEscapes_ReadsBackAsItWas) {
    std::string plain;
    for (int i = 0; i < 5000; ++i) plain += static_cast<char>(i * 7 % 128);
    std::string quoted;
    append_string(quoted, plain);
    Document document;
    const auto value = document.parse(quoted);
    ASSERT_TRUE(value.ok()) << value.error().message;
    EXPECT_EQ(value->text(), plain);
}

TEST(JsonParse, StringsOfAnyLength_EndWhereTheyEnd) {
    for (std::size_t before = 0; before < 70; ++before) {
        for (std::size_t length = 0; length < 140; length += 1 + length / 20) {
            for (const char* special : {"", "\\\"", "\\\\", "é", "\\n", ":", "[,]"}) {
                const std::string first = '"' + std::string(before, 'a') + '"';
                const std::string text = special + std::string(length, 'b');
                const std::string second = '"' + text + '"', third = '"' + text + special + '"';
                Document document;
                const std::string list = '[' + first + ',' + second + ", " + third + ",\"\",7]";
                const auto root = document.parse(list);
                ASSERT_TRUE(root.ok()) << list << root.error().message;
                ASSERT_EQ(root->size(), 5u) << list;
                auto at = root->elements().begin();
                ASSERT_EQ((*at).raw(), first);
                ASSERT_EQ((*++at).raw(), second);
                ASSERT_TRUE((*at).equals((*at).text()));
                ASSERT_EQ((*++at).raw(), third);
                ASSERT_EQ((*++at).raw(), "\"\"");
            }
        }
    }
}

TEST(JsonParse, LongStrings_EscapesAreCheckedWhereverTheyStand) {
    for (std::size_t before = 0; before < 200; ++before) {
        const std::string text(before, 'a');
        const std::string after(100, 'b');
        EXPECT_EQ(message_of("\"" + text + R"(\\\"\n\u00e9)" + after + "\""), "ok");
        const std::string at = "malformed JSON at byte " + std::to_string(before + 1);
        EXPECT_EQ(message_of("\"" + text + "\\q" + after + "\""),
                  at + ": expected a valid escape sequence");
        EXPECT_EQ(message_of("\"" + text + "\\u00\"" + after + "\""),
                  at + ": expected a valid escape sequence");
        EXPECT_EQ(message_of("\"" + text + "\x02" + after + "\""),
                  at + ": expected a control character written as an escape");
    }
}

TEST(JsonParse, LongStrings_Utf8IsCheckedWhereverItStands) {
    const std::string dense =
        std::string(40, 'a') + "日本語日本語日本語日本語日本語日本語日本語日本語日本語";
    for (std::size_t before = 0; before < 200; ++before) {
        const std::string text(before, 'a');
        for (const std::string_view good : {"é", "—", "😀", dense.c_str()}) {
            const std::string twice = std::string(good) + "bbb" + std::string(good);
            EXPECT_EQ(message_of("\"" + text + twice + "\""), "ok");
        }
        for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xe2\x80", "\xe0\x9f\xbf",
                                "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xff"}) {
            const std::string at = "malformed JSON at byte " + std::to_string(before + 1);
            EXPECT_EQ(message_of("\"" + text + bad + "\""), at + ": expected valid UTF-8");
            EXPECT_EQ(message_of("\"" + text + bad + dense + std::string(70, 'b') + "\""),
                      at + ": expected valid UTF-8");
        }
    }
    EXPECT_EQ(message_of("[\"\x80\", 01]"),
              "malformed JSON at byte 7: expected a number without a leading zero");
}

TEST(JsonWriter, Commas_StandWhereTheyMust) {
    std::string out;
    Writer writer(out);
    writer.begin_object().integer("a", 1).key("b").begin_array().string("x").boolean(true).null();
    writer.begin_object().end_object().end_array().raw("c", "{}").string("d", "\"").end_object();
    EXPECT_EQ(out, R"({"a":1,"b":["x",true,null,{}],"c":{},"d":"\""})");
}

TEST(JsonWriter, InPlace_ValuesStandBehindTheirCommas) {
    std::string out;
    Writer writer(out);
    writer.begin_array().in_place([](std::string& to) { to += "1"; });
    writer.string_in_place([](std::string& to) { to += "\\n"; }).null().end_array();
    EXPECT_EQ(out, R"([1,"\n",null])");
}

TEST(JsonWriter, TextsOfAnyLength_AreWrittenWhole) {
    std::string out, expected = "[";
    Writer writer(out);
    writer.begin_array();
    for (std::size_t size = 0; size < 300; ++size) {
        std::string text;
        for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + (size + i) % 26);
        const std::string number(size + 1, '7');
        writer.string(text).escaped(Escaped{text}).raw(number);
        writer.begin_object().raw(text, number).string(text, text).escaped(text, {text});
        writer.end_object();
        const std::string quoted = '"' + text + '"';
        if (size != 0) expected += ',';
        expected += quoted + ',' + quoted + ',' + number + ",{" + quoted + ':' + number + ',';
        expected += quoted + ':' + quoted + ',' + quoted + ':' + quoted + '}';
    }
    EXPECT_EQ(out, expected);
}

TEST(JsonText, EveryByteAtEveryPlace_IsWrittenAsItMustBe) {
    for (std::size_t size = 1; size < 70; ++size) {
        for (std::size_t place = 0; place < size; ++place) {
            for (int byte = 0; byte < 128; ++byte) {
                std::string plain(size, 'x');
                plain[place] = static_cast<char>(byte);
                const bool stands = byte >= 0x20 && byte != '"' && byte != '\\';
                ASSERT_EQ(needs_no_escape(plain), stands) << size << ' ' << place << ' ' << byte;
            }
            std::string plain(size, 'x');
            plain[place] = static_cast<char>(0xc3);
            ASSERT_FALSE(needs_no_escape(plain));
            plain[place] = '"';
            std::string quoted, written;
            append_string(quoted, plain);
            Writer(written).string(plain);
            ASSERT_EQ(quoted,
                      '"' + plain.substr(0, place) + "\\\"" + plain.substr(place + 1) + '"');
            ASSERT_EQ(written, quoted);
        }
    }
}

TEST(JsonTopLevel, Fields_AreFoundWithOffsets) {
    const std::string text =
        " {\"model\" : \"m\\\"x\", \"messages\":[{\"model\":\"no }]\"}],\n\"n\":1.5 , "
        "\"t\":true}\n";
    std::vector<TopField> fields;
    auto result = scan_top_level(text, fields);
    ASSERT_TRUE(result.ok()) << result.error().message;
    ASSERT_EQ(fields.size(), 4u);
    EXPECT_EQ(fields[0].key, "model");
    EXPECT_EQ(fields[0].value, "\"m\\\"x\"");
    EXPECT_EQ(text.substr(fields[1].offset, fields[1].value.size()), "[{\"model\":\"no }]\"}]");
    EXPECT_EQ(fields[2].value, "1.5");
    EXPECT_EQ(fields[3].value, "true");
}

TEST(JsonTopLevel, Malformed_IsRefusedWithOffset) {
    auto message = [](std::string_view text) {
        std::vector<TopField> fields;
        auto result = scan_top_level(text, fields);
        return result.ok() ? std::string("ok") : result.error().message;
    };
    EXPECT_EQ(message("[]"), "malformed JSON at byte 0: expected a JSON object");
    EXPECT_EQ(message("{\"a\":[1,{\"b\":\"]}\"}"),
              "malformed JSON at byte 18: expected the bracket that closes the value");
    EXPECT_EQ(message("{\"a\":1} {"),
              "malformed JSON at byte 8: expected nothing after the object");
    EXPECT_EQ(message("{\"model\":1,\"mod\\u0065l\":2}"),
              "malformed JSON at byte 12: expected each key only once");
    EXPECT_EQ(message("{\"a\":}"), "malformed JSON at byte 5: expected a value");
    EXPECT_EQ(message("{\"a\":1,}"), "malformed JSON at byte 7: expected a key in quotes");
    EXPECT_EQ(message("{}"), "ok");
}

TEST(JsonTopLevel, OfAParsedText_IsWhatTheScanFindsAndRefuses) {
    std::string many = "{\"k0\":0";
    for (int i = 1; i <= 512; ++i) many += ",\"k" + std::to_string(i) + "\":0";
    const std::vector<std::string> texts = {"{}", R"( {"a" : [1,{"b":"]}"}], "c\u0064":1.5} )",
                                            " [1]", R"({"a":1,"b":2,"\u0061":3})", many + "}"};
    for (const std::string& text : texts) {
        Document document;
        ASSERT_TRUE(document.parse(text).ok()) << text;
        std::vector<TopField> scanned, walked;
        const auto scan = scan_top_level(text, scanned);
        const auto walk = top_level_of(document, walked);
        ASSERT_EQ(scan.ok(), walk.ok()) << text;
        if (!scan.ok()) EXPECT_EQ(scan.error().message, walk.error().message);
        ASSERT_EQ(scanned.size(), walked.size()) << text;
        for (std::size_t i = 0; i < scanned.size(); ++i) {
            EXPECT_EQ(scanned[i].key, walked[i].key);
            EXPECT_EQ(scanned[i].value, walked[i].value);
            EXPECT_EQ(scanned[i].offset, walked[i].offset);
        }
    }
}

TEST(JsonTopLevel, StringsWithAWord_AreSuspectedWhereverTheyStand) {
    constexpr std::string_view words[] = {"web_search", "google", "code"};
    for (std::size_t before = 0; before < 40; ++before) {
        for (std::size_t after = 0; after < 40; after += 3) {
            const std::string left = "[\"" + std::string(before, 'x') + "\",";
            const std::string right = ",\"" + std::string(after, 'y') + "\"]";
            EXPECT_TRUE(may_hold_string_with(left + "\"web_search_2025\"" + right, words));
            EXPECT_TRUE(may_hold_string_with(left + "{\"google\":{}}" + right, words));
            const std::string inside = "\"a web_search, coder, wed\"";
            EXPECT_FALSE(may_hold_string_with(left + inside + right, words));
            EXPECT_FALSE(may_hold_string_with(left + "\"cod\",\"Google\"" + right, words));
        }
    }
    EXPECT_FALSE(may_hold_string_with("", words));
}

TEST(JsonNumber, Whole_IsReadWithoutADocument) {
    EXPECT_EQ(whole_number("4096"), 4096);
    EXPECT_EQ(whole_number("-7"), -7);
    EXPECT_EQ(whole_number("4096.0"), 4096);
    EXPECT_EQ(whole_number("1e3"), 1000);
    for (const char* none :
         {"", "1.5", "01", "1 ", "+1", "\"1\"", "null", "1e", "99999999999999999999"}) {
        EXPECT_EQ(whole_number(none), std::nullopt) << none;
    }
}

// A tree of mixed kinds whose strings hold escapes, brackets and letters of several bytes.
void grow(std::mt19937& random, std::string& out, int depth) {
    auto pick = [&](unsigned n) { return static_cast<unsigned>(random()) % n; };
    static const char* const pieces[] = {"a",   "bracket ] } { [", "\\\"",     "\\\\",
                                         "\\n", "\\u00e9",         "\xc3\xa9", "\xe4\xb8\xad",
                                         " ",   "x, y: z"};
    auto string = [&] {
        out += '"';
        for (unsigned i = pick(3) == 0 ? pick(60) : pick(5); i > 0; --i) out += pieces[pick(10)];
        out += '"';
    };
    static const char* const scalars[] = {"0", "-1", "12.5e-3", "true", "false", "null", "1E2"};
    const unsigned kind = depth > 5 ? pick(2) : pick(4);
    const char* const space = pick(3) == 0 ? " \n" : "";
    if (kind == 0) {
        out += scalars[pick(7)];
    } else if (kind == 1) {
        string();
    } else {
        out += kind == 2 ? '[' : '{';
        const unsigned count = pick(5);
        for (unsigned i = 0; i < count; ++i) {
            if (i != 0) out += ',';
            out += space;
            if (kind == 3) {
                string();
                out += ':';
            }
            grow(random, out, depth + 1);
        }
        out += kind == 2 ? ']' : '}';
    }
}

// What the reference parser refuses although the grammar allows it: lone surrogates and numbers
// that no 64-bit type holds.
bool stricter_than_grammar(simdjson::error_code code, std::string_view text) {
    if (code == simdjson::NUMBER_ERROR) {
        return text.find_first_of("eE") != std::string_view::npos || text.size() > 18;
    }
    return code == simdjson::STRING_ERROR && (text.find("\\ud") != std::string_view::npos ||
                                              text.find("\\uD") != std::string_view::npos);
}

TEST(JsonParse, Mutations_AgreeWithReferenceParser) {
    std::mt19937 random(20261121);
    simdjson::dom::parser reference;
    Document document;
    int valid = 0, invalid = 0;
    for (int round = 0; round < 40'000; ++round) {
        std::string text;
        grow(random, text, 0);
        for (unsigned edits = random() % 3; edits > 0 && !text.empty(); --edits) {
            static const std::string bytes = "\"\\{}[],:0123eE+-. \n\x01\x80\xc3\xfftfnu";
            const std::size_t at = random() % text.size();
            switch (random() % 3) {
                case 0: text.erase(at, 1 + random() % 3); break;
                case 1: text.insert(at, 1, bytes[random() % bytes.size()]); break;
                default: text[at] = bytes[random() % bytes.size()]; break;
            }
        }
        // The text stands at the end of its own allocation, so that a read past it is noticed.
        const std::vector<char> exact(text.begin(), text.end());
        const std::string_view view(exact.data(), exact.size());
        const auto theirs = reference.parse(text).error();
        auto ours = document.parse(view);
        if (ours.ok() != (theirs == simdjson::SUCCESS)) {
            ASSERT_TRUE(ours.ok() && stricter_than_grammar(theirs, text))
                << text << "\n"
                << (ours.ok() ? "accepted" : ours.error().message) << " / "
                << simdjson::error_message(theirs);
        }
        ours.ok() ? ++valid : ++invalid;
        // Whatever the parser takes, the top-level scan takes, with the same members.
        std::vector<TopField> fields;
        const bool scanned = scan_top_level(view, fields).ok();
        if (ours.ok() && ours->is_object()) {
            auto members = ours->members();
            std::size_t i = 0;
            bool repeated = false;
            for (auto it = members.begin(); !(it == members.end()); ++it, ++i) {
                const std::string key = it.key().text();
                if ((*ours)[key].offset() != (*it).offset()) repeated = true;
                if (scanned) {
                    ASSERT_EQ(fields[i].value, (*it).raw()) << text;
                }
            }
            ASSERT_EQ(scanned, !repeated) << text;
            if (scanned) {
                ASSERT_EQ(fields.size(), i) << text;
            }
        } else if (ours.ok()) {
            ASSERT_FALSE(scanned) << text;
        }
        if (ours.ok()) {
            std::string compact, expected(text.size() + 64, '\0');
            append_compact(compact, ours->raw());
            std::size_t size = 0;
            ASSERT_EQ(simdjson::minify(text.data(), text.size(), expected.data(), size),
                      simdjson::SUCCESS);
            ASSERT_EQ(compact, expected.substr(0, size));
            std::string quoted, inside;
            append_string(quoted, compact);
            append_compact_escaped(inside, ours->raw());
            ASSERT_EQ("\"" + inside + "\"", quoted);
        }
    }
    EXPECT_GT(valid, 10'000);
    EXPECT_GT(invalid, 5'000);
}

}  // namespace
}  // namespace tollgate::json
