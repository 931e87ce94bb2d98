// Images as tokens: reads width and height from the head of the file.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "accounting/token_count.hpp"
#include "base/base64.hpp"

namespace tollgate::accounting {
namespace {

constexpr std::size_t head_bytes = 48 * 1024;

struct Size {
    std::int64_t width = 0;
    std::int64_t height = 0;
};

// The first bytes, until something that is no base64. JSON may spell a slash as \/.
std::string decode_head(std::string_view base64) {
    constexpr std::size_t head_digits = head_bytes / 3 * 4;
    std::string digits;
    for (std::size_t at = 0; at < base64.size() && digits.size() < head_digits; ++at) {
        if (base64[at] != '\\') digits += base64[at];
    }
    while (digits.size() % 4 == 1) digits.pop_back();
    std::string out;
    [[maybe_unused]] const bool whole = base::base64_decode(digits, out, base::Base64::either);
    return out;
}

class Bytes {
public:
    explicit Bytes(std::string_view data) : data_(data) {}
    std::int64_t at(std::size_t i) const {
        return i < data_.size() ? static_cast<unsigned char>(data_[i]) : 0;
    }
    std::int64_t big2(std::size_t i) const { return at(i) << 8 | at(i + 1); }
    std::int64_t big4(std::size_t i) const { return big2(i) << 16 | big2(i + 2); }
    std::int64_t little2(std::size_t i) const { return at(i) | at(i + 1) << 8; }
    std::int64_t little3(std::size_t i) const { return little2(i) | at(i + 2) << 16; }
    bool starts(std::size_t i, std::string_view text) const {
        return i <= data_.size() && data_.substr(i).starts_with(text);
    }
    std::size_t size() const { return data_.size(); }

private:
    std::string_view data_;
};

// Walks the segments to the frame header (SOF).
std::optional<Size> jpeg_size(const Bytes& bytes) {
    for (std::size_t i = 2; i + 9 < bytes.size();) {
        if (bytes.at(i) != 0xFF) return std::nullopt;
        const std::int64_t marker = bytes.at(i + 1);
        if (marker == 0xFF) {
            ++i;
            continue;
        }
        const bool frame =
            marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (frame) return Size{bytes.big2(i + 7), bytes.big2(i + 5)};
        i += 2 + static_cast<std::size_t>(bytes.big2(i + 2));
    }
    return std::nullopt;
}

std::optional<Size> webp_size(const Bytes& bytes) {
    if (bytes.starts(12, "VP8X")) return Size{bytes.little3(24) + 1, bytes.little3(27) + 1};
    if (bytes.starts(12, "VP8 ")) {
        return Size{bytes.little2(26) & 0x3FFF, bytes.little2(28) & 0x3FFF};
    }
    if (bytes.starts(12, "VP8L")) {
        const std::int64_t bits = bytes.little3(21) | bytes.at(24) << 24;
        return Size{(bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1};
    }
    return std::nullopt;
}

std::optional<Size> size_of(const Bytes& bytes) {
    if (bytes.starts(0, "\x89PNG")) return Size{bytes.big4(16), bytes.big4(20)};
    if (bytes.starts(0, "GIF8")) return Size{bytes.little2(6), bytes.little2(8)};
    if (bytes.starts(0, "\xFF\xD8")) return jpeg_size(bytes);
    if (bytes.starts(0, "RIFF") && bytes.starts(8, "WEBP")) return webp_size(bytes);
    return std::nullopt;
}

}  // namespace

std::int64_t estimate_image(std::string_view base64) {
    const std::string head = decode_head(base64);
    const std::optional<Size> size = size_of(Bytes(head));
    if (!size || size->width <= 0 || size->height <= 0) return image_tokens_max;
    double width = static_cast<double>(size->width);
    double height = static_cast<double>(size->height);
    const double edge = std::max(width, height);
    if (edge > image_edge_max) {
        width *= image_edge_max / edge;
        height *= image_edge_max / edge;
    }
    const auto tokens =
        static_cast<std::int64_t>(std::ceil(width * height / image_pixels_per_token));
    return std::clamp<std::int64_t>(tokens, 1, image_tokens_max);
}

}  // namespace tollgate::accounting
