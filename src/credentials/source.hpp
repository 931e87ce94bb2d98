// Where a provider's credential comes from when it is not configured as it is: AWS's chain,
// Google's service accounts and metadata server, Microsoft Entra.
//
// Threading: one Source serves all worker threads; get() runs on the calling loop's thread and uses
// that loop's client. A credential that is fresh is given without suspending. One that nears its
// end is refreshed by one caller while the others still get it; one that has ended is waited for.
// A failure is remembered for some seconds, so that a dead token endpoint is not asked per request.
#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"
#include "domain/credential.hpp"
#include "http/client.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace tollgate::credentials {

using CredentialPointer = std::shared_ptr<const domain::Credential>;

class Source {
public:
    virtual ~Source() = default;
    // Fails: unavailable or provider with every place that was tried and what each said, in words
    // that name the variable or setting to mend; cancelled.
    virtual net::Task<base::Result<CredentialPointer>> get(http::Client& client,
                                                           net::CancelScope* scope) = 0;
    // The provider refused what get() gave: the next get() fetches anew. Any thread.
    virtual void refused(const CredentialPointer& credential) = 0;
    // "service account x@y.iam.gserviceaccount.com", "AWS profile dev": for messages; no secret.
    virtual std::string describe() const = 0;
};
using SourcePointer = std::shared_ptr<Source>;

}  // namespace tollgate::credentials
