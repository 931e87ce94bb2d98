// Content codings of a response, decoded as the bytes arrive: gzip, deflate (with the zlib header
// or, as some servers send it, without), br and zstd, and several in a row.
// One per body, one thread. Every call writes at most what the caller gives room for, so a body
// that grows a thousandfold costs its reader time but no memory.
#pragma once
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer_pool.hpp"
#include "base/result.hpp"

namespace tollgate::http {

constexpr std::size_t content_codings_max = 3;  // in a row

// One coding.
class Coding {
public:
    struct Progress {
        std::size_t consumed = 0;  // bytes of the input
        std::size_t produced = 0;  // bytes of the output
    };
    virtual ~Coding() = default;
    // Decodes until the input is used up or the output full. Fails: provider for malformed data.
    virtual base::Result<Progress> decode(std::string_view input, char* output,
                                          std::size_t size) = 0;
    // True when the input could end here: nothing has come, or a whole stream has.
    virtual bool at_end() const = 0;
};

class Decompressor {
public:
    // For the value of a Content-Encoding header; null when nothing has to be decoded.
    // Fails: provider for a coding that is not supported, or too many of them.
    static base::Result<std::unique_ptr<Decompressor>> make(std::string_view content_encoding);

    // Decodes some of `input` and removes what was used from its front. Returns how many bytes were
    // written; 0 only when all of the input was used and nothing more can be given without more.
    // Fails: provider for malformed data.
    base::Result<std::size_t> decode(std::string_view& input, char* output, std::size_t size);
    // The body has ended. Fails: provider when a stream was cut short.
    // REQUIRES: the last decode() returned 0.
    base::Result<void> finish() const;

private:
    // The stages in the order of decoding; each but the last writes into a buffer of its own, which
    // it holds only while there are bytes in it.
    struct Stage {
        std::unique_ptr<Coding> coding;
        base::Buffer buffer;
        std::string_view waiting;  // bytes of `buffer` that the next stage has not taken
    };
    base::Result<std::size_t> pull(std::size_t stage, std::string_view& input, char* output,
                                   std::size_t size);
    std::vector<Stage> stages_;
};

}  // namespace tollgate::http
