#include "accounting/token_count_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace tollgate::accounting {
namespace {

using namespace std::string_view_literals;

// Mean tokens of a word by its length in letters (1 to 16), measured with the o200k vocabulary.
// Rows: lower case, Capitalised, UPPER; after a blank, after a letter or digit, after a mark.
constexpr std::size_t lengths = 16;
using Row = std::array<double, lengths>;
constexpr std::array<Row, 9> english_words = {{
    {1.00, 1.00, 1.01, 1.01, 1.03, 1.04, 1.06, 1.11, 1.12, 1.17, 1.20, 1.28, 1.26, 1.30, 1.40, 2.2},
    {1.00, 1.00, 1.05, 1.03, 1.08, 1.10, 1.17, 1.36, 1.50, 1.52, 1.55, 1.85, 1.95, 2.2, 2.5, 3.2},
    {1.01, 1.09, 1.17, 1.20, 1.42, 1.30, 1.49, 1.55, 1.89, 1.98, 2.08, 2.19, 2.40, 2.7, 2.9, 3.6},
    {1.00, 1.00, 1.08, 1.05, 1.17, 1.14, 1.32, 1.39, 1.45, 1.48, 1.52, 1.60, 1.65, 1.8, 2.0, 2.8},
    {1.00, 1.04, 1.05, 1.05, 1.06, 1.08, 1.11, 1.18, 1.36, 1.40, 1.45, 1.85, 1.80, 1.8, 2.2, 3.0},
    {1.09, 1.46, 1.62, 1.45, 1.55, 1.52, 1.55, 2.00, 2.15, 2.30, 2.40, 2.90, 3.00, 3.2, 3.4, 4.0},
    {1.00, 1.00, 1.16, 1.18, 1.55, 1.66, 1.60, 2.00, 1.90, 2.20, 2.90, 3.10, 3.40, 3.7, 4.0, 5.0},
    {1.00, 1.00, 1.20, 1.42, 1.70, 1.82, 2.05, 2.30, 2.69, 2.92, 3.27, 3.64, 3.90, 4.1, 4.4, 5.2},
    {1.09, 1.30, 1.54, 1.60, 1.65, 1.80, 2.10, 2.30, 2.50, 2.86, 3.00, 3.50, 3.80, 4.1, 4.4, 5.2},
}};
constexpr std::array<Row, 9> european_words = {{
    {1.00, 1.00, 1.00, 1.02, 1.05, 1.11, 1.31, 1.48, 1.58, 2.00, 2.05, 2.25, 2.40, 2.70, 3.0, 3.7},
    {1.00, 1.00, 1.07, 1.17, 1.30, 1.55, 1.58, 1.87, 2.05, 2.25, 2.40, 2.95, 3.20, 3.5, 3.8, 4.5},
    {1.08, 1.28, 1.40, 1.38, 1.58, 1.68, 1.88, 2.14, 2.24, 2.90, 2.80, 3.00, 3.20, 3.5, 3.8, 4.6},
    {1.00, 1.00, 1.02, 1.15, 1.27, 1.48, 1.65, 1.72, 2.00, 2.18, 2.40, 2.80, 2.75, 3.2, 3.5, 4.4},
    {1.00, 1.01, 1.04, 1.30, 1.52, 1.72, 2.00, 2.03, 2.40, 2.30, 2.60, 2.90, 3.00, 3.3, 4.0, 4.6},
    {1.30, 1.80, 1.90, 1.85, 2.15, 2.50, 2.60, 2.90, 2.90, 2.95, 3.05, 3.31, 3.40, 4.0, 4.7, 5.2},
    {1.00, 1.00, 1.31, 1.48, 1.85, 2.05, 2.70, 2.65, 2.85, 3.60, 4.00, 4.60, 5.00, 5.4, 5.8, 6.4},
    {1.00, 1.00, 1.28, 1.62, 1.70, 1.95, 2.50, 2.90, 3.20, 3.50, 3.90, 4.30, 4.70, 5.1, 5.5, 6.2},
    {1.20, 1.40, 1.80, 2.00, 2.55, 2.60, 3.20, 3.50, 3.80, 4.20, 4.60, 5.00, 5.40, 5.8, 6.2, 6.8},
}};
constexpr double per_letter_beyond = 0.3;
// Where this share of the words has letters outside ASCII the text is taken as German or French.
constexpr double accented_share_begin = 0.01;
constexpr double accented_share_full = 0.06;
constexpr double eastern_share_begin = 0.02;
constexpr double eastern_share_full = 0.10;
constexpr double vietnamese_share_begin = 0.05;
constexpr double vietnamese_share_full = 0.20;

constexpr Row cyrillic_words = {1.01, 1.03, 1.13, 1.36, 1.53, 1.60, 1.90, 2.02,
                                2.24, 2.33, 2.49, 2.60, 2.80, 3.15, 3.50, 3.90};
constexpr Row middle_eastern_words = {1.16, 1.05, 1.22, 1.58, 1.90, 2.05, 2.10, 2.35,
                                      2.80, 3.10, 3.60, 4.00, 4.30, 4.60, 4.90, 5.20};
constexpr Row hangul_words = {1.32, 1.57, 2.27, 2.70, 2.97, 3.40, 4.00, 4.60,
                              5.20, 5.80, 6.40, 7.00, 7.60, 8.20, 8.80, 9.40};
constexpr double chinese_han = 0.75;  // per character
constexpr double japanese_han = 0.96;
constexpr double kana_cost = 0.62;
constexpr double other_letter_cost = 0.75;
constexpr double mark_before_word = 0.70;  // before CJK: a token of its own more often than not
constexpr double emoji_cost = 2.0;
constexpr double symbol_cost = 0.9;

// Frequent characters that only traditional Chinese has; one in so many tells the text.
constexpr std::u32string_view traditional_signs = U"這個們來時為會說國過學對開關與發後還無從見長問門"
                                                  U"當將應該體實點電話語義變數據類選項擇檔錯誤參輸權條";
constexpr std::uint32_t traditional_one_in = 25;
bool is_traditional(char32_t c) { return traditional_signs.find(c) != std::u32string_view::npos; }

bool is_umlaut(char32_t c) { return U"äöüßåÄÖÜÅ"sv.find(c) != std::u32string_view::npos; }
bool is_turkish(char32_t c) { return U"ğışİĞŞ"sv.find(c) != std::u32string_view::npos; }

double by_length(const Row& row, std::uint32_t length) {
    if (length <= lengths) return row[length - 1];
    return row[lengths - 1] + per_letter_beyond * (length - lengths);
}

bool between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

bool ascii_upper(char32_t c) { return between(c, 'A', 'Z'); }
bool ascii_lower(char32_t c) { return between(c, 'a', 'z'); }
// Latin-1's letters tell their case by one bit; the later blocks alternate. Good enough for cost.
bool upper(char32_t c) { return ascii_upper(c) || (between(c, 0xC0, 0xDE) && c != 0xD7); }
bool lower(char32_t c) { return ascii_lower(c) || c >= 0xDF; }
bool emoji(char32_t c) { return between(c, 0x1F000, 0x1FAFF); }

bool is_contraction(char32_t first, char32_t second, std::uint32_t length) {
    if (length == 1) return first == 's' || first == 't' || first == 'm' || first == 'd';
    const bool long_one = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                          (first == 'l' && second == 'l');
    return length == 2 && long_one;
}

bool json_mark(char32_t c) {
    return c == '"' || c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':';
}

// Runs of marks: mixed ones by length, those between JSON's values are known well, and equal ones
// are nearly free (=====, ----).
double marks_cost(std::uint32_t length, bool same, bool json) {
    constexpr std::array<double, 6> mixed = {1.0, 1.03, 1.26, 1.76, 2.2, 2.64};
    constexpr std::array<double, 6> of_json = {1.0, 1.0, 1.02, 1.28, 1.9, 2.3};
    if (same) return length <= 16 ? 1.0 : length / 16.0;
    if (length <= mixed.size()) return json ? of_json[length - 1] : mixed[length - 1];
    return 0.45 * length;
}

}  // namespace

TextScan::Kind TextScan::kind_of(char32_t c) {
    if (c < 0x80) {
        if (ascii_lower(c) || ascii_upper(c)) return Kind::latin;
        if (between(c, '0', '9')) return Kind::digits;
        return c == ' ' || between(c, 9, 13) ? Kind::blank : Kind::punctuation;
    }
    if (c == 0xA0 || c == 0x3000 || c == 0x2028) return Kind::blank;
    if (c == 0xAA || c == 0xB5 || c == 0xBA) return Kind::latin;
    if (c < 0xC0 || c == 0xD7 || c == 0xF7) return Kind::punctuation;
    if (c < 0x2B0 || between(c, 0x1E00, 0x1EFF)) return Kind::latin;
    if (between(c, 0x300, 0x36F)) return Kind::latin;  // combining marks
    if (between(c, 0x370, 0x3FF) || between(c, 0x1F00, 0x1FFF)) return Kind::greek;
    if (between(c, 0x400, 0x52F)) return Kind::cyrillic;
    if (between(c, 0x590, 0x5FF) || between(c, 0xFB1D, 0xFB4F)) return Kind::hebrew;
    if (between(c, 0x600, 0x8FF) || between(c, 0xFB50, 0xFEFC)) return Kind::arabic;
    if (between(c, 0xAC00, 0xD7AF) || between(c, 0x1100, 0x11FF)) return Kind::hangul;
    if (between(c, 0x3040, 0x30FF) || between(c, 0xFF66, 0xFF9F)) return Kind::kana;
    if (between(c, 0x3005, 0x3007) || between(c, 0x3400, 0x9FFF) || between(c, 0xF900, 0xFAFF) ||
        between(c, 0x20000, 0x3FFFF)) {
        return Kind::han;
    }
    if (between(c, 0x900, 0x97F)) return Kind::devanagari;
    if (between(c, 0x980, 0xDFF)) return Kind::indic;
    if (between(c, 0xE00, 0x109F)) return Kind::thai;
    const bool letters =
        between(c, 0x530, 0x58F) || between(c, 0x10A0, 0x1DFF) || between(c, 0xA000, 0xABFF);
    return letters ? Kind::other_letter : Kind::punctuation;
}

void TextScan::feed(char32_t c) {
    const Kind kind = kind_of(c);
    if (kind == Kind::punctuation) {
        if (kind_ != Kind::punctuation || line_broken_) begin(kind);
        if (length_ == 0) mark_ = c;
        one_mark_ = one_mark_ && c == mark_;
        json_marks_ = json_marks_ && json_mark(c);
        if (c >= 0x80) marks_cost_ += emoji(c) ? emoji_cost : symbol_cost;
        ++length_;
    } else if (kind == Kind::blank) {
        const bool line_break = c == '\n' || c == '\r';
        if (line_break && kind_ == Kind::punctuation) {
            line_broken_ = true;  // a mark takes the line breaks behind it along
            return;
        }
        if (kind_ != Kind::blank) begin(kind);
        if (line_break) {
            ++breaks_;
            blanks_ = 0;
        } else {
            if (blanks_ == 0) tab_ = c == '\t';
            ++blanks_;
        }
    } else if (kind == Kind::digits) {
        if (kind_ != Kind::digits) begin(kind);
        ++length_;
    } else {
        if (kind_ != kind || (kind == Kind::latin && !continues_latin(c))) start_word(kind);
        if (length_ == 0) {
            first_ = c;
            first_upper_ = upper(c);
        } else if (length_ == 1) {
            second_ = c;
        }
        umlaut_ = umlaut_ || is_umlaut(c);
        turkish_ = turkish_ || is_turkish(c);
        eastern_ = eastern_ || between(c, 0x100, 0x24F);
        vietnamese_ = vietnamese_ || between(c, 0x1EA0, 0x1EF9);
        traditional_ += kind == Kind::han && is_traditional(c);
        upper_ += upper(c);
        last_lower_ = lower(c);
        accented_ = accented_ || c >= 0x80;
        ++length_;
    }
}

// fooBar is two pieces, HTTPServer is one.
bool TextScan::continues_latin(char32_t c) const { return !(upper(c) && last_lower_); }

// What stands before a word decides its cost: a blank or one mark is taken along.
void TextScan::start_word(Kind kind) {
    Before before = Before::nothing;
    bool contraction = false;
    const bool camel = kind_ == Kind::latin && kind == Kind::latin;
    if (kind_ == Kind::punctuation && length_ == 1 && !blank_before_mark_ && !line_broken_) {
        // snake_case words are known with their underscore.
        before = mark_ == '_' ? Before::nothing : Before::punctuation;
        contraction = mark_ == '\'' && word_before_mark_;
        kind_ = Kind::none;
        if (mark_ >= 0x80) cost(PieceKind::symbols) += 0.3;
    } else if (kind_ == Kind::blank && blanks_ > 0) {
        before = Before::blank;
        end_blank(true);
    }
    begin(kind);
    before_ = before;
    camel_ = camel;
    contraction_ = contraction;
}

void TextScan::begin(Kind kind) {
    const bool after_word = is_word(kind_);
    bool blank_before_mark = false;
    if (kind == Kind::punctuation && kind_ == Kind::blank && blanks_ > 0) {
        blank_before_mark = true;
        end_blank(true);
    }
    end_piece();
    kind_ = kind;
    before_ = Before::nothing;
    length_ = upper_ = blanks_ = breaks_ = 0;
    accented_ = umlaut_ = eastern_ = turkish_ = vietnamese_ = false;
    camel_ = contraction_ = last_lower_ = line_broken_ = false;
    one_mark_ = json_marks_ = true;
    marks_cost_ = 0;
    blank_before_mark_ = blank_before_mark;
    word_before_mark_ = after_word;
}

void TextScan::end_blank(bool next_takes_one) {
    if (breaks_ > 0) cost(PieceKind::blanks) += 1;
    const std::uint32_t own = next_takes_one && blanks_ > 0 ? blanks_ - 1 : blanks_;
    if (own > 0) {
        // Digits take no blank along: the last one stands alone.
        const bool split = !next_takes_one && own > 1;
        const std::uint32_t whole_runs = own / 80;
        cost(tab_ ? PieceKind::tabs : PieceKind::blanks) += (split ? 2.0 : 1.0) + whole_runs;
    }
    kind_ = Kind::none;
}

void TextScan::end_latin() {
    if (contraction_ && is_contraction(first_, second_, length_)) {
        // Vocabularies know it's and don't, but few possessives.
        cost(PieceKind::marked_word) += first_ == 's' ? 0.6 : 0.0;
        return;
    }
    const std::size_t row = (upper_ == length_ && length_ > 1 ? 6u
                             : first_upper_                   ? 3u
                                                              : 0u) +
                            static_cast<std::size_t>(before_);
    const PieceKind kind = before_ == Before::blank     ? PieceKind::word
                           : camel_                     ? PieceKind::camel_word
                           : before_ == Before::nothing ? PieceKind::inner_word
                                                        : PieceKind::marked_word;
    cost(kind) += by_length(english_words[row], length_) + (accented_ ? 0.4 : 0.0);
    european_ += by_length(european_words[row], length_);
    ++words_;
    accented_words_ += accented_;
    umlaut_words_ += umlaut_;
    eastern_words_ += eastern_;
    turkish_words_ += turkish_;
    vietnamese_words_ += vietnamese_;
}

void TextScan::end_punctuation() {
    if (marks_cost_ > 0) {
        cost(PieceKind::symbols) +=
            one_mark_ && length_ > 3 ? 1 + marks_cost_ / 6 : std::max(1.0, marks_cost_);
    } else {
        cost(PieceKind::marks) += marks_cost(length_, one_mark_, json_marks_);
    }
}

void TextScan::end_piece() {
    const double mark = before_ == Before::punctuation ? mark_before_word : 0.0;
    switch (kind_) {
        case Kind::none: break;
        case Kind::latin: end_latin(); break;
        case Kind::greek:
            cost(PieceKind::greek) += by_length(cyrillic_words, length_) + mark;
            break;
        case Kind::cyrillic:
            cost(PieceKind::cyrillic) += by_length(cyrillic_words, length_) + mark;
            break;
        case Kind::arabic:
            cost(PieceKind::arabic) += by_length(middle_eastern_words, length_) + mark;
            break;
        case Kind::hebrew:
            cost(PieceKind::hebrew) += by_length(middle_eastern_words, length_) + mark;
            break;
        case Kind::hangul:
            cost(PieceKind::hangul) += by_length(hangul_words, length_) + mark;
            break;
        case Kind::han:
            han_ += length_;
            cost(PieceKind::marks) += mark;
            break;
        case Kind::kana:
            kana_ += length_;
            cost(PieceKind::marks) += mark;
            break;
        case Kind::devanagari:
            cost(PieceKind::devanagari) += other_letter_cost * length_ + mark;
            break;
        case Kind::indic: cost(PieceKind::indic) += other_letter_cost * length_ + mark; break;
        case Kind::thai: cost(PieceKind::thai) += other_letter_cost * length_ + mark; break;
        case Kind::other_letter:
            cost(PieceKind::other_letters) += other_letter_cost * length_ + mark;
            break;
        case Kind::digits: {
            const std::uint32_t groups_of_three = (length_ + 2) / 3;
            cost(PieceKind::digit_groups) += groups_of_three;
            cost(PieceKind::digits) += length_;
            break;
        }
        case Kind::punctuation: end_punctuation(); break;
        case Kind::blank: end_blank(false); break;
    }
    kind_ = Kind::none;
}

// Which languages the words are of shows in the letters outside ASCII that some of them have.
void TextScan::settle_words() {
    if (words_ == 0) return;
    const double all = words_;
    const auto part = [](double share, double begin, double full) {
        return std::clamp((share - begin) / (full - begin), 0.0, 1.0);
    };
    const double european =
        part(accented_words_ / all, accented_share_begin, accented_share_full);
    const double vietnamese =
        part(vietnamese_words_ / all, vietnamese_share_begin, vietnamese_share_full);
    const double eastern =
        (1 - vietnamese) * part(eastern_words_ / all, eastern_share_begin, eastern_share_full);
    for (const PieceKind kind : {PieceKind::word, PieceKind::inner_word, PieceKind::camel_word,
                                 PieceKind::marked_word}) {
        cost(kind) *= 1 - european;
    }
    cost(PieceKind::vietnamese_word) = european_ * european * vietnamese;
    const PieceKind east = turkish_words_ * 3 > eastern_words_ ? PieceKind::turkish_word
                                                               : PieceKind::eastern_word;
    const PieceKind west = umlaut_words_ * 5 > accented_words_ * 4 ? PieceKind::germanic_word
                                                                   : PieceKind::western_word;
    cost(east) = european_ * european * eastern;
    cost(west) = european_ * european * (1 - vietnamese - eastern);
}

// Kanji among kana are rarer in the vocabularies than Chinese words are, traditional characters
// rarer than simplified ones.
void TextScan::settle_han() {
    if (kana_ * 10 > han_) {
        cost(PieceKind::japanese_han) = han_ * japanese_han;
    } else if (traditional_ * traditional_one_in > han_) {
        cost(PieceKind::traditional_han) = han_ * chinese_han;
    } else {
        cost(PieceKind::han) = han_ * chinese_han;
    }
    cost(PieceKind::kana) = kana_ * kana_cost;
}

PieceCosts TextScan::finish() {
    end_piece();
    settle_words();
    settle_han();
    const PieceCosts sums = costs_;
    *this = TextScan();
    return sums;
}

}  // namespace tollgate::accounting
