#include "http/decompress.hpp"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "http/message.hpp"

namespace tollgate::http {
namespace {

base::Error broken(std::string what) {
    return base::Error{base::ErrorCode::provider,
                       "the response body is not valid " + std::move(what)};
}

// gzip, and deflate in both of its forms.
class ZlibCoding final : public Coding {
public:
    explicit ZlibCoding(bool gzip) : gzip_(gzip) {}
    ~ZlibCoding() override {
        if (open_) inflateEnd(&stream_);
    }
    ZlibCoding(const ZlibCoding&) = delete;
    ZlibCoding& operator=(const ZlibCoding&) = delete;

    base::Result<Progress> decode(std::string_view input, char* output, std::size_t size) override {
        if (input.empty() && !open_) return Progress{};
        if (!open_) {
            TRY_VOID(open(input.front()));
        }
        if (whole_) {
            if (input.empty()) return Progress{};
            // A gzip file may have several members, one after the other.
            if (!gzip_) return broken("deflate: bytes after its end");
            if (inflateReset(&stream_) != Z_OK) return broken("gzip");
            whole_ = false;
        }
        const auto room = static_cast<uInt>(std::min<std::size_t>(size, 1u << 30));
        const auto given = static_cast<uInt>(std::min<std::size_t>(input.size(), 1u << 30));
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
        stream_.avail_in = given;
        stream_.next_out = reinterpret_cast<Bytef*>(output);
        stream_.avail_out = room;
        const int result = inflate(&stream_, Z_SYNC_FLUSH);
        if (result == Z_STREAM_END) {
            whole_ = true;
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            const char* why = stream_.msg != nullptr ? stream_.msg : "unknown reason";
            return broken(std::string(gzip_ ? "gzip: " : "deflate: ") + why);
        }
        return Progress{given - stream_.avail_in, room - stream_.avail_out};
    }
    bool at_end() const override { return !open_ || whole_; }

private:
    base::Result<void> open(char first) {
        // A zlib header's first byte ends in 8; a raw stream would need a stored block with
        // padding bits set, which no compressor writes.
        constexpr int window_bits = 15;
        const int zlib_or_raw = (first & 0x0f) == 8 ? window_bits : -window_bits;
        if (inflateInit2(&stream_, gzip_ ? window_bits + 16 : zlib_or_raw) != Z_OK) {
            return broken("deflate: no memory");
        }
        open_ = true;
        return {};
    }

    z_stream stream_{};
    bool gzip_;
    bool open_ = false;
    bool whole_ = false;
};

class BrotliCoding final : public Coding {
public:
    BrotliCoding() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
    ~BrotliCoding() override { BrotliDecoderDestroyInstance(state_); }
    BrotliCoding(const BrotliCoding&) = delete;
    BrotliCoding& operator=(const BrotliCoding&) = delete;

    base::Result<Progress> decode(std::string_view input, char* output, std::size_t size) override {
        if (state_ == nullptr) return broken("br: no memory");
        if (input.empty() && !begun_) return Progress{};
        begun_ = true;
        if (BrotliDecoderIsFinished(state_)) {
            if (input.empty()) return Progress{};
            return broken("br: bytes after its end");
        }
        std::size_t in_left = input.size();
        std::size_t out_left = size;
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        auto* next_out = reinterpret_cast<std::uint8_t*>(output);
        const BrotliDecoderResult result = BrotliDecoderDecompressStream(
            state_, &in_left, &next_in, &out_left, &next_out, nullptr);
        if (result == BROTLI_DECODER_RESULT_ERROR) {
            const char* why = BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state_));
            return broken(std::string("br: ") + why);
        }
        return Progress{input.size() - in_left, size - out_left};
    }
    bool at_end() const override { return !begun_ || BrotliDecoderIsFinished(state_); }

private:
    BrotliDecoderState* state_;
    bool begun_ = false;
};

class ZstdCoding final : public Coding {
public:
    ZstdCoding() : stream_(ZSTD_createDStream()) {
        // RFC 9659: a window of 8 MiB is the most that the coding allows.
        constexpr int window_log_max = 23;
        if (stream_ == nullptr) return;
        ZSTD_initDStream(stream_);
        ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, window_log_max);
    }
    ~ZstdCoding() override { ZSTD_freeDStream(stream_); }
    ZstdCoding(const ZstdCoding&) = delete;
    ZstdCoding& operator=(const ZstdCoding&) = delete;

    base::Result<Progress> decode(std::string_view input, char* output, std::size_t size) override {
        if (stream_ == nullptr) return broken("zstd: no memory");
        // Asked again after the end of a frame, it would begin to wait for another one.
        if (input.empty() && left_ == 0) return Progress{};
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        ZSTD_outBuffer out{output, size, 0};
        const std::size_t result = ZSTD_decompressStream(stream_, &out, &in);
        if (ZSTD_isError(result) != 0) {
            return broken(std::string("zstd: ") + ZSTD_getErrorName(result));
        }
        left_ = result;
        return Progress{in.pos, out.pos};
    }
    bool at_end() const override { return left_ == 0; }

private:
    ZSTD_DStream* stream_;
    std::size_t left_ = 0;  // 0: between frames
};

base::Result<std::unique_ptr<Coding>> make_coding(std::string_view name) {
    std::unique_ptr<Coding> coding;
    if (iequals(name, "gzip") || iequals(name, "x-gzip")) {
        coding = std::make_unique<ZlibCoding>(true);
    } else if (iequals(name, "deflate")) {
        coding = std::make_unique<ZlibCoding>(false);
    } else if (iequals(name, "br")) {
        coding = std::make_unique<BrotliCoding>();
    } else if (iequals(name, "zstd")) {
        coding = std::make_unique<ZstdCoding>();
    } else {
        return base::Error{
            base::ErrorCode::provider,
            "the response's content-encoding \"" + std::string(name) + "\" is not supported"};
    }
    return coding;
}

}  // namespace

base::Result<std::unique_ptr<Decompressor>> Decompressor::make(std::string_view content_encoding) {
    auto decompressor = std::make_unique<Decompressor>();
    std::string_view rest = content_encoding;
    while (!rest.empty()) {
        std::size_t comma = std::min(rest.find(','), rest.size());
        std::string_view name = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        while (!name.empty() && (name.front() == ' ' || name.front() == '\t'))
            name.remove_prefix(1);
        while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
        if (name.empty() || iequals(name, "identity")) continue;
        if (decompressor->stages_.size() == content_codings_max) {
            return base::Error{base::ErrorCode::provider, "the response names more than " +
                                                              std::to_string(content_codings_max) +
                                                              " content codings"};
        }
        TRY(auto coding, make_coding(name));
        decompressor->stages_.push_back(Stage{std::move(coding), {}, {}});
    }
    if (decompressor->stages_.empty()) return std::unique_ptr<Decompressor>();
    // What was applied last comes off first.
    std::reverse(decompressor->stages_.begin(), decompressor->stages_.end());
    return decompressor;
}

base::Result<std::size_t> Decompressor::decode(std::string_view& input, char* output,
                                               std::size_t size) {
    return pull(stages_.size() - 1, input, output, size);
}

// Writes the output of stages_[stage], asking the stages before it as often as it wants more.
base::Result<std::size_t> Decompressor::pull(std::size_t stage, std::string_view& input,
                                             char* output, std::size_t size) {
    Stage* before = stage == 0 ? nullptr : &stages_[stage - 1];
    std::string_view& source = before == nullptr ? input : before->waiting;
    while (true) {
        TRY(Coding::Progress step, stages_[stage].coding->decode(source, output, size));
        source.remove_prefix(step.consumed);
        if (before != nullptr && source.empty()) before->buffer.release();
        if (step.produced > 0) return step.produced;
        if (!source.empty()) {
            if (step.consumed == 0) return broken("compressed data: no progress");
            continue;
        }
        if (before == nullptr) return std::size_t{0};
        before->buffer = base::take_buffer();
        char* room = before->buffer.data();
        TRY(std::size_t more, pull(stage - 1, input, room, base::Buffer::size()));
        before->waiting = {room, more};
        if (more > 0) continue;
        before->buffer.release();
        return std::size_t{0};
    }
}

base::Result<void> Decompressor::finish() const {
    for (const Stage& stage : stages_) {
        if (!stage.coding->at_end()) return broken("compressed data: it ends too early");
    }
    return {};
}

}  // namespace tollgate::http
