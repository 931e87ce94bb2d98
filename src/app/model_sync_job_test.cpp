// The daily look at providers' own lists of models.
#include "app/model_sync_job.hpp"

#include "crypto/fernet.hpp"
#include "store/models.hpp"
#include "store/providers.hpp"
#include "store/repositories_test.hpp"

namespace tollgate::app {
namespace {

// Answers with one list, except for those whose key is wrong.
class ListingProviders final : public admin::ProviderService {
public:
    net::Task<domain::ProviderProbe> probe(net::Loop&, admin::ProviderTarget,
                                           net::CancelScope*) override {
        co_return domain::ProviderProbe();
    }
    net::Task<base::Result<std::vector<domain::OfferedModel>>> offered(
        net::Loop&, admin::ProviderTarget target, net::CancelScope*) override {
        asked.push_back(target.provider.slug + " " + target.api_key);
        if (target.api_key == "wrong") {
            co_return base::Error{base::ErrorCode::provider, "no"};
        }
        co_return list;
    }
    base::Result<void> check(const domain::ProviderRow&) const override { return {}; }
    std::string cheapest_model(std::string_view) const override { return {}; }
    std::vector<std::string> asked;
    std::vector<domain::OfferedModel> list;
};

class NoConfiguration final : public admin::ConfigurationService {
public:
    std::string show() override { return {}; }
    std::string file() override { return {}; }
    Check check(std::string_view) override { return {}; }
    base::Result<Reload> reload() override { return Reload(); }
};

class ModelSync : public store::Repositories {
protected:
    void make(const std::string& name, const std::string& key, const std::string& origin,
              bool enabled = true) {
        domain::ProviderRow row;
        row.name = row.slug = name;
        row.type = "openai";
        row.enabled = enabled;
        row.api_key_token = vault_->seal({"", "", "provider/" + name}, key).token;
        made(in([&](store::Session& s) { return insert_provider(s, platform, row); }));
        domain::ModelRow model;
        model.provider = name;
        model.name = "one";
        model.origin = origin;
        made(in([&](store::Session& s) { return insert_model(s, platform, model); }));
    }
    void look() {
        admin::Services services{db(), installation_, {}, {}, {}, {}, {}, configuration_};
        services.vault = vault_;
        services.providers = &providers_;
        net::Loop loop;
        ModelSyncJob job(services, loop);
        net::spawn(look_once(job, loop), "look");
        loop.run();
    }
    static net::Task<void> look_once(ModelSyncJob& job, net::Loop& loop) {
        co_await job.look();
        loop.stop();
    }
    std::vector<domain::ModelRow> models(const std::string& provider) {
        return made(in([&](store::Session& s) { return models_of(s, platform, provider); }));
    }
    std::shared_ptr<policy::KeyVault> vault_ = std::make_shared<policy::KeyVault>(
        std::move(policy::KeyVault::of(crypto::FernetKey::make_text())).value());
    policy::InstallationKey installation_ =
        std::move(policy::InstallationKey::of("0123456789abcdef0123456789abcdef")).value();
    NoConfiguration configuration_;
    ListingProviders providers_;
};
INSTANTIATE_TEST_SUITE_P(Stores, ModelSync, store::both_stores(), store::store_name);

TEST_P(ModelSync, FollowsListsThatWereAskedForBefore_AndNoOthers) {
    make("listed", "right", "sync");
    make("by-hand", "right", "api");
    make("off", "right", "sync", false);
    make("refused", "wrong", "sync");
    domain::OfferedModel one, two;
    one.name = "one";
    one.input_price = 3'000'000'000;
    two.name = "two";
    providers_.list = {one, two};
    const std::int64_t version = number("SELECT version FROM changes");
    look();
    EXPECT_EQ(providers_.asked, (std::vector<std::string>{"listed right", "refused wrong"}));
    const auto after = models("listed");
    ASSERT_EQ(after.size(), 2U);
    EXPECT_EQ(after[0].input_price, 3'000'000'000);
    EXPECT_EQ(after[1].name, "two");
    EXPECT_FALSE(after[1].enabled) << "an admin switches new ones on";
    EXPECT_EQ(models("refused").size(), 1U);
    EXPECT_GT(number("SELECT version FROM changes"), version) << "other instances are told";
    constexpr auto synced =
        "SELECT COUNT(*) FROM audit_log WHERE action = 'models.synced' AND actor_type = 'system'";
    EXPECT_EQ(number(synced), 1);
    look();
    EXPECT_EQ(number(synced), 1) << "nothing had changed";
}

}  // namespace
}  // namespace tollgate::app
