#include "dialect/data_url.hpp"

namespace tollgate::dialect {

void write_data_url(json::Writer& writer, const domain::Media& media,
                    std::string_view otherwise) {
    writer.string_in_place([&](std::string& out) {
        out += "data:";
        json::append_escaped(out, media.media_type.empty() ? otherwise : media.media_type);
        out += ";base64,";
        writer.put(media.data.raw);
    });
}

}  // namespace tollgate::dialect
