// Cuts text into the pieces that tokenizers see and adds up what they cost. One text, one thread.
#pragma once
#include <array>
#include <cstdint>

namespace tollgate::accounting {

// The kinds of pieces whose price differs from one vocabulary to the next.
enum class PieceKind : std::uint8_t {
    word,             // an English word or an identifier's part behind a blank
    inner_word,       // behind a digit or an underscore: foo_bar
    camel_word,       // behind a change of case: fooBar
    marked_word,      // with a mark before it: .size
    western_word,     // of French, Spanish and their like
    germanic_word,    // of German, Swedish, Finnish: long ones
    eastern_word,     // of Czech, Polish, Hungarian and their like
    turkish_word,
    vietnamese_word,
    cyrillic,
    greek,
    arabic,
    hebrew,
    hangul,
    han,
    traditional_han,
    japanese_han,
    kana,
    devanagari,
    indic,            // India's other scripts
    thai,             // and Lao, Tibetan, Burmese
    other_letters,
    digit_groups,     // of at most three
    digits,
    marks,            // ASCII
    symbols,          // the others, and emoji
    blanks,
    tabs,             // runs of blanks that begin with one
};
constexpr std::size_t piece_kinds = 28;
// What a text's pieces cost in the o200k vocabulary, by kind; of `digits` their number.
using PieceCosts = std::array<double, piece_kinds>;

class TextScan {
public:
    // The next character, in order. Line breaks, tabs and the like as themselves.
    void feed(char32_t character);
    // Counts the last piece and gives the sums; the scan is then as new.
    PieceCosts finish();

private:
    enum class Kind : std::uint8_t {
        none,
        latin,
        greek,
        cyrillic,
        arabic,
        hebrew,
        hangul,
        han,
        kana,
        devanagari,
        indic,
        thai,
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
    void settle_words();
    void settle_han();
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
    bool umlaut_ = false;
    bool eastern_ = false;
    bool turkish_ = false;
    bool vietnamese_ = false;
    bool camel_ = false;        // follows a lower-case letter
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
    bool tab_ = false;  // the first of them
    // sums
    double& cost(PieceKind kind) { return costs_[static_cast<std::size_t>(kind)]; }
    PieceCosts costs_{};   // that do not depend on the language; word kinds as English or code
    double european_ = 0;  // the same words, as German or French
    std::uint32_t words_ = 0;
    std::uint32_t accented_words_ = 0;
    std::uint32_t umlaut_words_ = 0;
    std::uint32_t eastern_words_ = 0;
    std::uint32_t turkish_words_ = 0;
    std::uint32_t vietnamese_words_ = 0;
    std::uint32_t han_ = 0;
    std::uint32_t traditional_ = 0;
    std::uint32_t kana_ = 0;
};

}  // namespace tollgate::accounting
