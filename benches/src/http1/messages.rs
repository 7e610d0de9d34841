//! Heads like those that browsers, command-line clients and servers send, and bodies.

/// A request of a command-line client: 90 bytes.
pub const SMALL_REQUEST: &str = "\
GET /v1/items/4711 HTTP/1.1\r\n\
Host: api.example.org\r\n\
User-Agent: curl/8.14.1\r\n\
Accept: */*\r\n\
\r\n";

/// A request of a browser of some years ago, with a cookie: 700 bytes.
pub const REQUEST: &str = "\
GET /blog/uploads/2012/06/the-old-lighthouse-at-dusk-large.jpg HTTP/1.1\r\n\
Host: www.example.org\r\n\
User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; en-US; rv:1.9.2.28) Gecko/20120306 Firefox/3.6.28\r\n\
Accept: image/png,image/*;q=0.8,*/*;q=0.5\r\n\
Accept-Language: en-us,en;q=0.5\r\n\
Accept-Encoding: gzip,deflate\r\n\
Accept-Charset: ISO-8859-1,utf-8;q=0.7,*;q=0.7\r\n\
Connection: keep-alive\r\n\
Referer: http://www.example.org/blog/2012/06/the-old-lighthouse/\r\n\
Cookie: visits=12; lang=en-us; session=3f1c9a52d7e84b06; __utma=192837465.1029384756.1331000000.1331500000.1332000000.7; \
__utmz=192837465.1331000000.3.2.utmccn=(referral)|utmcsr=example.net|utmcct=/reader/view/2012/06/lighthouse/|utmcmd=referral\r\n\
\r\n";

/// A request of a browser of today, with many fields: 2 KiB.
pub const LARGE_REQUEST: &str = "\
GET /search/results?q=sans+io+protocol+engine&page=2&lang=en&sort=relevance&source=toolbar&client=desktop HTTP/1.1\r\n\
Host: search.example.org\r\n\
Connection: keep-alive\r\n\
Cache-Control: max-age=0\r\n\
sec-ch-ua: \"Chromium\";v=\"142\", \"Not_A Brand\";v=\"99\", \"Browser\";v=\"142\"\r\n\
sec-ch-ua-mobile: ?0\r\n\
sec-ch-ua-platform: \"Linux\"\r\n\
sec-ch-ua-arch: \"x86\"\r\n\
sec-ch-ua-full-version-list: \"Chromium\";v=\"142.0.7444.59\", \"Not_A Brand\";v=\"99.0.0.0\", \"Browser\";v=\"142.0.7444.59\"\r\n\
Upgrade-Insecure-Requests: 1\r\n\
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7\r\n\
X-Client-Data: CIa2yQEIpbbJAQipncoBCMGNywEIk6HLAQiFoM0BCNy9zQEI7cXNAQi5ys0BCIrTzQEYjs7NARjr1c0B\r\n\
Sec-Fetch-Site: same-origin\r\n\
Sec-Fetch-Mode: navigate\r\n\
Sec-Fetch-User: ?1\r\n\
Sec-Fetch-Dest: document\r\n\
Referer: https://search.example.org/search/results?q=sans+io+protocol+engine&page=1&lang=en\r\n\
Accept-Encoding: gzip, deflate, br, zstd\r\n\
Accept-Language: en-GB,en;q=0.9,de;q=0.8,fr;q=0.7\r\n\
If-None-Match: W/\"5f3e-18c9b2a7d40\"\r\n\
Cookie: sid=a2f94be7c01d4e53; theme=dark; consent=2026-11-02T08%3A15%3A30Z.accepted.all; \
_ga=GA1.2.1234567890.1700000000; _gid=GA1.2.987654321.1700000001; \
prefs=eyJsYXlvdXQiOiJncmlkIiwicGFnZVNpemUiOjUwLCJjb2x1bW5zIjpbIm5hbWUiLCJkYXRlIiwic2l6ZSJdfQ; \
csrf=9c1f2b7e5d3a4860b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778899; \
cart=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff; \
last_seen=1700000002; ab_bucket=control-17; experiment_ids=1041.2203.3377.4410.5521.6632.7743.8854; \
recent=%5B%22sans+io%22%2C%22byte+buffers%22%2C%22framing%22%2C%22request+smuggling%22%2C%22backpressure%22%2C%22half+close%22%5D; \
device=f47ac10b-58cc-4372-a567-0e02b2c3d479; referrer_chain=home.results.results.item.results; \
layout=%7B%22left%22%3A240%2C%22right%22%3A320%2C%22density%22%3A%22comfortable%22%2C%22collapsed%22%3Afalse%7D; tz=Europe%2FBerlin; dpr=1.5\r\n\
Priority: u=0, i\r\n\
\r\n";

/// A response of three fields: 100 bytes.
pub const SMALL_RESPONSE: &str = "\
HTTP/1.1 200 OK\r\n\
Content-Type: application/json\r\n\
Content-Length: 512\r\n\
Server: example/2.14.1-rc2\r\n\
\r\n";

/// A response of a site behind a cache: 750 bytes.
pub const RESPONSE: &str = "\
HTTP/1.1 200 OK\r\n\
Date: Thu, 26 Nov 2026 09:30:15 GMT\r\n\
Content-Type: text/html; charset=utf-8\r\n\
Content-Length: 48213\r\n\
Connection: keep-alive\r\n\
Server: nginx/1.26.2\r\n\
Cache-Control: public, max-age=300, s-maxage=600\r\n\
ETag: \"67a1f3c2-bc55c0de10\"\r\n\
Last-Modified: Wed, 25 Nov 2026 21:14:09 GMT\r\n\
Vary: Accept-Encoding, Origin\r\n\
Age: 1278\r\n\
X-Cache: HIT from edge-17.frankfurt.cdn.example.net\r\n\
X-Request-Id: 5b0c1f7e-93a4-4f0d-8a9e-2f6f1b7c0d31\r\n\
Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n\
X-Content-Type-Options: nosniff\r\n\
Set-Cookie: session=3f1c9a52d7e84b06b1c2d3e4f5061728; Path=/; Max-Age=1209600; HttpOnly; Secure; SameSite=Lax\r\n\
Link: </assets/site.css>; rel=preload; as=style, </assets/site.js>; rel=preload; as=script\r\n\
\r\n";
