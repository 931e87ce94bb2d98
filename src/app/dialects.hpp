// Every wire format, made once and kept together with who borrows it.
#pragma once
#include "dialect/dialect.hpp"
#include "gateway/gateway.hpp"
#include "providers/registry.hpp"

namespace tollgate::app {

struct Dialects {
    dialect::Codec anthropic = dialect::make_anthropic();
    dialect::Codec openai_chat = dialect::make_openai_chat();
    dialect::Codec openai_responses = dialect::make_openai_responses();
    dialect::Codec ollama = dialect::make_ollama();
    dialect::Codec gemini = dialect::make_gemini();
    dialect::Codec openai_completions = dialect::make_openai_completions();
    dialect::Codec cohere = dialect::make_cohere();
    dialect::Codec bedrock_converse = dialect::make_bedrock_converse();
    dialect::Codec bedrock_invoke = dialect::make_bedrock_invoke();

    // What the providers speak. Borrows this object.
    providers::Dialects sides() const {
        providers::Dialects all;
        all.anthropic = anthropic.provider.get();
        all.openai_chat = openai_chat.provider.get();
        all.openai_responses = openai_responses.provider.get();
        all.ollama = ollama.provider.get();
        all.gemini = gemini.provider.get();
        all.cohere = cohere.provider.get();
        all.bedrock_converse = bedrock_converse.provider.get();
        all.bedrock_invoke = bedrock_invoke.provider.get();
        return all;
    }
    // What clients speak. Borrows this object.
    gateway::Codecs clients() const {
        gateway::Codecs all;
        all.anthropic = anthropic.client.get();
        all.openai_chat = openai_chat.client.get();
        all.openai_completions = openai_completions.client.get();
        all.openai_responses = openai_responses.client.get();
        all.gemini = gemini.client.get();
        all.bedrock_converse = bedrock_converse.client.get();
        return all;
    }
};

}  // namespace tollgate::app
