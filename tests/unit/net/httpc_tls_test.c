/* TLS: whose certificate is accepted, and that the rules for lost answers hold there too. */
#include "tap.h"

#include "unit/net/script.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct script server;
static struct hy_httpc *client;
static SSL_CTX *context;
static char ca_file[] = "/tmp/hongyan-test-ca-XXXXXX";
static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/* --- a server with a certificate of its own making -------------------------------------------- */

static void require(bool condition)
{
    if (!condition)
        abort();
}

static long valid_for_s = 3600; /* of the next certificate */

static X509 *sign_for(EVP_PKEY *key, const char *alternative_name)
{
    X509 *cert = X509_new();
    X509_EXTENSION *ext;
    X509V3_CTX v3;

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), valid_for_s);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509V3_set_ctx(&v3, cert, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &v3, NID_subject_alt_name, alternative_name);
    require(ext && X509_add_ext(cert, ext, -1));
    X509_EXTENSION_free(ext);
    require(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

static void write_ca(X509 *cert)
{
    FILE *file = fopen(ca_file, "w");

    require(file && PEM_write_X509(file, cert) && fclose(file) == 0);
}

static void make_context(const char *alternative_name, int most_version)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = sign_for(key, alternative_name);

    context = SSL_CTX_new(TLS_server_method());
    require(SSL_CTX_use_certificate(context, cert) && SSL_CTX_use_PrivateKey(context, key));
    if (most_version) {
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, most_version);
        SSL_CTX_set_max_proto_version(context, most_version);
    }
    write_ca(cert);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* --- what it does ----------------------------------------------------------------------------- */

static SSL *accept_tls(struct script *s)
{
    SSL *ssl = SSL_new(context);
    int fd = wire_accept(s->listener);

    require(fd >= 0);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1)
        return ssl;
    SSL_free(ssl);
    close(fd);
    return NULL;
}

/* Head and body of a request whose body has no blank line. */
static bool read_tls(struct script *s, SSL *ssl)
{
    size_t size = 0, whole = sizeof s->last;
    char *end;
    int got;

    while (size < whole && size < sizeof s->last - 1 &&
           (got = SSL_read(ssl, s->last + size, (int)(sizeof s->last - 1 - size))) > 0) {
        s->last[size += (size_t)got] = 0;
        end = strstr(s->last, "\r\n\r\n");
        if (end)
            whole = (size_t)(end + 4 - s->last) +
                    strtoul(strstr(s->last, "Content-Length:") + 15, NULL, 10);
    }
    if (size < whole)
        return false;
    atomic_fetch_add(&s->requests, 1);
    return true;
}

static void end_tls(SSL *ssl, bool orderly)
{
    int fd = SSL_get_fd(ssl);

    if (orderly)
        SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

static void play_answer_all(struct script *s)
{
    SSL *ssl = accept_tls(s);

    while (ssl && read_tls(s, ssl))
        SSL_write(ssl, ok, sizeof ok - 1);
    if (ssl)
        end_tls(ssl, true);
}

static void play_cut(struct script *s)
{
    SSL *ssl = accept_tls(s);

    require(ssl && read_tls(s, ssl));
    SSL_write(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 42);
    end_tls(ssl, false);
}

/* Answers one request, reads the second, goes, and answers every copy that comes. */
static void play_trap(struct script *s)
{
    SSL *ssl = accept_tls(s);

    require(ssl && read_tls(s, ssl));
    SSL_write(ssl, ok, sizeof ok - 1);
    require(read_tls(s, ssl));
    end_tls(ssl, s->step == 1);
    while ((ssl = accept_tls(s)) && read_tls(s, ssl)) {
        SSL_write(ssl, ok, sizeof ok - 1);
        end_tls(ssl, true);
    }
    if (ssl)
        end_tls(ssl, true);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void open_all(void (*play)(struct script *s), const char *name, int most_version, bool trust)
{
    struct hy_httpc_config config = {.ca_file = trust ? ca_file : NULL};

    make_context(name, most_version);
    script_start(&server, play);
    snprintf(server.url, sizeof server.url, "https://%s/path", server.address);
    CHECK_INT(hy_httpc_new(&config, &client), 0);
}

static void close_all(void)
{
    hy_httpc_free(client);
    script_join(&server);
    SSL_CTX_free(context);
}

static void a_trusted_certificate_is_accepted(void)
{
    struct result r;

    open_all(play_answer_all, "IP:127.0.0.1", 0, true);
    for (int i = 0; i < 3; i++) {
        result_ask(client, server.url, "message", &r);
        CHECK_TEXT(r.error, "");
        CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
        CHECK_TEXT(r.body, "ok");
    }
    CHECK_INT(server.requests, 3);
    close_all();
}

static void refused(const char *name, int most_version, bool trust, const char *error)
{
    struct result r;

    open_all(play_answer_all, name, most_version, trust);
    result_ask(client, server.url, "message", &r);
    CHECK_TEXT(r.error, error);
    CHECK_INT(r.outcome, HY_HTTP_NOT_SENT);
    close_all();
    CHECK_INT(server.requests, 0);
}

static void others_are_not_sent_anything(void)
{
    refused("IP:127.0.0.1", 0, false, "TLS certificate not accepted");
    refused("DNS:other.example", 0, true, "TLS certificate not accepted");
    refused("IP:127.0.0.1", TLS1_1_VERSION, true, "TLS handshake failed");
    valid_for_s = -60;
    refused("IP:127.0.0.1", 0, true, "TLS certificate not accepted");
    valid_for_s = 3600;
}

static void play_no_tls(struct script *s)
{
    int fd = wire_accept(s->listener);

    wire_send(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
    wire_drain(fd);
    close(fd);
}

static void a_server_without_tls_is_not_sent_anything(void)
{
    struct result r;

    open_all(play_no_tls, "IP:127.0.0.1", 0, true);
    result_ask(client, server.url, "message", &r);
    CHECK_TEXT(r.error, "TLS handshake failed");
    CHECK_INT(r.outcome, HY_HTTP_NOT_SENT);
    close_all();
}

static void an_unreadable_ca_file_is_named(void)
{
    struct hy_httpc_config config = {.ca_file = "/nonexistent/ca.pem"};
    struct result r;

    CHECK_INT(hy_httpc_new(&config, &client), 0);
    script_start(&server, play_no_tls);
    snprintf(server.url, sizeof server.url, "https://%s/", server.address);
    result_ask(client, server.url, "message", &r);
    CHECK_TEXT(r.error, "TLS trust anchors not readable");
    CHECK_INT(r.outcome, HY_HTTP_NOT_SENT);
    hy_httpc_free(client);
    script_join(&server);
}

static void a_cut_answer_is_no_answer(void)
{
    struct result r;

    open_all(play_cut, "IP:127.0.0.1", 0, true);
    result_ask(client, server.url, "message", &r);
    CHECK_TEXT(r.error, "answer cut short");
    CHECK_INT(r.outcome, HY_HTTP_NO_ANSWER);
    close_all();
}

static void a_request_is_never_sent_again(void)
{
    static char large[40000];
    const char *const bodies[] = {"message", large};
    struct result r;

    memset(large, 'a', sizeof large - 1);
    for (int i = 0; i < 4; i++) {
        open_all(play_trap, "IP:127.0.0.1", 0, true);
        server.step = i / 2;
        result_ask(client, server.url, bodies[i % 2], &r);
        CHECK_INT(r.outcome, HY_HTTP_ANSWERED);
        result_ask(client, server.url, bodies[i % 2], &r);
        CHECK_INT(r.outcome, HY_HTTP_NO_ANSWER);
        hy_httpc_free(client);
        client = NULL;
        close(wire_connect(server.address)); /* ends the play */
        close_all();
        CHECK_INT(server.requests, 2);
    }
}

static long bytes_read(void)
{
    FILE *file = fopen("/proc/self/io", "r");
    long bytes = 0;

    require(file && fscanf(file, "rchar: %ld", &bytes) == 1);
    fclose(file);
    return bytes;
}

/* Takes every connection, and none comes further than the certificate. */
static void play_refused(struct script *s)
{
    for (int i = 0; i < 3; i++)
        require(!accept_tls(s));
}

/* With a folder of them libcurl would parse the file again for every connection: 140 certificates. */
static void the_systems_anchors_are_read_once(void)
{
    long before = bytes_read(), first, others;
    struct result r;

    open_all(play_refused, "IP:127.0.0.1", 0, false);
    result_ask(client, server.url, "message", &r);
    CHECK_TEXT(r.error, "TLS certificate not accepted");
    first = bytes_read() - before;
    for (int i = 0; i < 2; i++)
        result_ask(client, server.url, "message", &r);
    CHECK_TEXT(r.error, "TLS certificate not accepted");
    others = bytes_read() - before - first;
    printf("# bytes read by the first: %ld, by two others: %ld\n", first, others);
    CHECK(others < 50000);
    close_all();
}

int main(void)
{
    int fd = mkstemp(ca_file);

    require(fd >= 0);
    close(fd);
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's own sockets, on the server's side */
    RUN(a_trusted_certificate_is_accepted);
    RUN(others_are_not_sent_anything);
    RUN(a_server_without_tls_is_not_sent_anything);
    RUN(an_unreadable_ca_file_is_named);
    RUN(the_systems_anchors_are_read_once);
    RUN(a_cut_answer_is_no_answer);
    RUN(a_request_is_never_sent_again);
    unlink(ca_file);
    return hy_tap_end();
}
