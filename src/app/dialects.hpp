// Every wire format, made once and kept together with who borrows it.
#pragma once
#include "dialect/dialect.hpp"
#include "providers/registry.hpp"

namespace tollgate::app {

struct Dialects {
    dialect::Codec anthropic = dialect::make_anthropic();
    dialect::Codec openai_chat = dialect::make_openai_chat();
    dialect::Codec openai_responses = dialect::make_openai_responses();
    dialect::Codec ollama = dialect::make_ollama();
    dialect::Codec openai_completions = dialect::make_openai_completions();

    // What the providers speak. Borrows this object.
    providers::Dialects sides() const {
        return {anthropic.provider.get(), openai_chat.provider.get(),
                openai_responses.provider.get(), ollama.provider.get()};
    }
};

}  // namespace tollgate::app
