// Cuts text into the pieces that tokenizers see and adds up what they cost. One text, one thread.
#pragma once
#include <cstdint>

namespace tollgate::accounting {

class TextScan {
public:
    // The next character, in order. Line breaks, tabs and the like as themselves.
    void feed(char32_t character);
    // Counts the last piece and gives the sum; the scan is then as new.
    double finish();

private:
    enum class Kind : std::uint8_t {
        none,
        latin,
        greek_cyrillic,
        middle_eastern,
        hangul,
        han,
        kana,
        other_letter,
        digits,
        punctuation,
        blank
    };
    enum class Before : std::uint8_t { blank, nothing, punctuation };

    static Kind kind_of(char32_t character);
    void start_word(Kind kind);
    void begin(Kind kind);
    void end_piece();
    void end_latin();
    void end_punctuation();
    // White space before something: all of it but a blank that the next piece takes along.
    void end_blank(bool next_takes_one);
    bool is_word(Kind kind) const { return kind <= Kind::other_letter && kind != Kind::none; }
    bool continues_latin(char32_t character) const;

    Kind kind_ = Kind::none;
    Before before_ = Before::nothing;
    std::uint32_t length_ = 0;  // characters of the piece
    // latin
    std::uint32_t upper_ = 0;  // upper-case letters
    bool first_upper_ = false;
    bool last_lower_ = false;
    bool accented_ = false;
    bool contraction_ = false;  // follows a word and an apostrophe
    char32_t first_ = 0;
    char32_t second_ = 0;
    // punctuation
    char32_t mark_ = 0;       // the first one
    bool one_mark_ = true;    // all are the same
    bool json_marks_ = true;  // all are those that stand between JSON's values
    bool blank_before_mark_ = false;
    bool word_before_mark_ = false;
    bool line_broken_ = false;  // the run has swallowed a line break
    double marks_cost_ = 0;     // of marks outside ASCII
    // blank
    std::uint32_t blanks_ = 0;  // since the last line break
    std::uint32_t breaks_ = 0;
    // sums
    double fixed_ = 0;     // costs that do not depend on the language
    double english_ = 0;   // of Latin words, as English or code
    double european_ = 0;  // the same words, as German or French
    std::uint32_t words_ = 0;
    std::uint32_t accented_words_ = 0;
    std::uint32_t han_ = 0;
    std::uint32_t kana_ = 0;
};

}  // namespace tollgate::accounting
