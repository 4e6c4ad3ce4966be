// Redaction in JavaScript. Written by `python scripts/redaction.py` from src/andiron/redaction/rules.toml; a test fails when it is stale.
// Exports: text(value), stacktrace(value), attribute(key, value), attributes(object), kind(key).

const RULES = {
  "mark": "[redacted:secret]",
  "deep": 32,
  "secret": "(?:(?:password|passwd|passphrase|api_?key|private_?key|secret_?key|secret_?access_?key|access_?key|account_?key|encryption_?key|signing_?key|master_?key|shared_?access_?key|shared_?access_?signature|client_?secret|credentials)|(?:secret|token))_|_(?:(?:ssn|cvv|cvc|pwd|jwt|csrf|xsrf|passcode|pin_?code|credit_?card|card_?number|social_?security|jsessionid|phpsessid)|(?:authorization|cookie|cookies|set_?cookie|creds|session_?key|session_?cookie|session_?data|cvv2|mfa_?code|social_?security_?number|tax_?id|passport_?number|national_?id|bank_?account|account_?number|routing_?number|phone_?number|telephone|mobile_?number|passwords|secrets|access_?tokens|refresh_?tokens|auth_?tokens|api_?keys|private_?keys|ssh_?key|license_?key|db_?pass|user_?pass|smtp_?pass|database_?pass|redis_?pass|mysql_?pass|pg_?pass))_|_(?:session|auth|pin|otp|totp|credential|iban)_$",
  "harmless": "(?:(?:password|passwd|passphrase|api_?key|private_?key|secret_?key|secret_?access_?key|access_?key|account_?key|encryption_?key|signing_?key|master_?key|shared_?access_?key|shared_?access_?signature|client_?secret|credentials)|(?:secret|token)|_(?:(?:ssn|cvv|cvc|pwd|jwt|csrf|xsrf|passcode|pin_?code|credit_?card|card_?number|social_?security|jsessionid|phpsessid)|(?:authorization|cookie|cookies|set_?cookie|creds|session_?key|session_?cookie|session_?data|cvv2|mfa_?code|social_?security_?number|tax_?id|passport_?number|national_?id|bank_?account|account_?number|routing_?number|phone_?number|telephone|mobile_?number|passwords|secrets|access_?tokens|refresh_?tokens|auth_?tokens|api_?keys|private_?keys|ssh_?key|license_?key|db_?pass|user_?pass|smtp_?pass|database_?pass|redis_?pass|mysql_?pass|pg_?pass)))_(?:(?:count|counts|total|length|len|size|type|types|kind|name|names|ttl|expiry|expires|expires_at|expires_in|expired|expiration|age|max_age|valid|present|enabled|required|status|state|version|url|uri|endpoint|path|file|policy|strength|algorithm|alg|issuer|scope|scopes|limit|limits|usage|budget|used|remaining|rate|latency|duration|ms|index|position|field|label|attempts|errors|created_at|updated_at|rotated_at|changed_at|secure|http_only|same_site|domain)|(?:key_)?ids?)_$",
  "allowed": "",
  "kept": "(?:trace|span|parent)[._]?[iI]d|(?:trace|span)_flags|parent_span_id|session[._]?(?:id|previous_id|Id)|install[._]?[iI]d|service\\.(?:name|version|namespace|instance\\.id)|deployment\\.environment(?:\\.name)?|telemetry\\.[a-z._]+|logfire\\.(?:json_schema|span_type|level_num|level_name|pending_parent_id|sample_rate|scrubbed|package_versions|logger_name|null_args|metrics)|(?:os|cloud|device|faas|webengine)\\.[a-z_.]+|thread\\.id|host\\.(?:name|id|arch|type|ip|mac|image\\.[a-z]+)|container\\.(?:id|name|runtime|image\\.[a-z_]+)|k8s\\.[a-z_.]*(?:name|uid)|process\\.(?:pid|parent_pid|runtime\\.[a-z]+|executable\\.name|owner_hash)|(?:[A-Za-z0-9_.-]*[._-])?version|[A-Za-z0-9_.-]*Version|version\\.[A-Za-z0-9_.-]+|(?:server|net|network|client|source|destination)\\.(?:[a-z_.]+\\.)?port|server\\.(?:address|socket\\.[a-z]+)|network\\.(?:transport|type|local\\.[a-z]+|protocol\\.[a-z]+)|net\\.(?:host\\.[a-z]+|sock\\.host\\.[a-z]+|transport|protocol\\.[a-z]+)|http\\.(?:route|method|status_code|flavor|scheme|request\\.method|response\\.status_code|request\\.body\\.size|response\\.body\\.size|request\\.header\\.content-type|request\\.header\\.content-length|response\\.header\\.content-type|response\\.header\\.content-length)|url\\.scheme|code\\.(?:function|function\\.name|namespace|lineno|line\\.number|column|column\\.number)|error\\.type|exception\\.type|event\\.name|rpc\\.(?:method|service|system)|db\\.(?:system|system\\.name|name|namespace|operation|operation\\.name|collection\\.name)|messaging\\.(?:system|destination\\.name|operation\\.[a-z]+)|gen_ai\\.(?:system|provider\\.name|operation\\.name|request\\.[a-z_]+|response\\.(?:model|id|finish_reasons)|usage\\.[a-z_.]+|token\\.type|tool\\.(?:name|call\\.id)|conversation\\.id)",
  "paths": "code\\.file(?:path|\\.path)|code\\.stacktrace|exception\\.stacktrace|crash\\.threads|process\\.(?:executable\\.path|command|command_line|working_directory)",
  "words": [
    [
      "([a-z0-9])([A-Z])",
      "$1_$2"
    ],
    [
      "([A-Z])([A-Z][a-z])",
      "$1_$2"
    ],
    [
      "[^A-Za-z0-9]+",
      "_"
    ]
  ],
  "patterns": [
    {
      "name": "private key block",
      "needs": [
        "-----begin "
      ],
      "pattern": "-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=:,.()| \\t\\r\\n\\\\]|-[A-Za-z0-9])*(?:-----END (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----)?",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "[redacted:private-key]"
    },
    {
      "name": "pair of name and value",
      "needs": [
        "',",
        "\","
      ],
      "pattern": "([(\\[][a-z]?[\"'][A-Za-z0-9_-]{0,40}(?:(?:[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]|[Pp][Aa][Ss][Ss][Ww][Dd]|[Pp][Aa][Ss][Ss][Pp][Hh][Rr][Aa][Ss][Ee]|[Aa][Pp][Ii][_. -]?[Kk][Ee][Yy]|[Pp][Rr][Ii][Vv][Aa][Tt][Ee][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Oo][Uu][Nn][Tt][_. -]?[Kk][Ee][Yy]|[Ee][Nn][Cc][Rr][Yy][Pp][Tt][Ii][Oo][Nn][_. -]?[Kk][Ee][Yy]|[Ss][Ii][Gg][Nn][Ii][Nn][Gg][_. -]?[Kk][Ee][Yy]|[Mm][Aa][Ss][Tt][Ee][Rr][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Cc][Ll][Ii][Ee][Nn][Tt][_. -]?[Ss][Ee][Cc][Rr][Ee][Tt]|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll][Ss])|(?:[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])|(?:[Ss][Ss][Nn]|[Cc][Vv][Vv]|[Cc][Vv][Cc]|[Pp][Ww][Dd]|[Jj][Ww][Tt]|[Cc][Ss][Rr][Ff]|[Xx][Ss][Rr][Ff]|[Pp][Aa][Ss][Ss][Cc][Oo][Dd][Ee]|[Pp][Ii][Nn][_. -]?[Cc][Oo][Dd][Ee]|[Cc][Rr][Ee][Dd][Ii][Tt][_. -]?[Cc][Aa][Rr][Dd]|[Cc][Aa][Rr][Dd][_. -]?[Nn][Uu][Mm][Bb][Ee][Rr]|[Ss][Oo][Cc][Ii][Aa][Ll][_. -]?[Ss][Ee][Cc][Uu][Rr][Ii][Tt][Yy]|[Jj][Ss][Ee][Ss][Ss][Ii][Oo][Nn][Ii][Dd]|[Pp][Hh][Pp][Ss][Ee][Ss][Ss][Ii][Dd])|[Cc][Oo][Oo][Kk][Ii][Ee]|[Aa][Uu][Tt][Hh][Oo][Rr][Ii][Zz][Aa][Tt][Ii][Oo][Nn])[\"'],[ \\t]*[a-z]?[\"'])(?:[^\"'\\\\]|\\\\[^\\n])+([\"'][)\\]])",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "$1[redacted:secret]$2"
    },
    {
      "name": "element of XML",
      "needs": [
        "</"
      ],
      "pattern": "((?:(?:[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]|[Pp][Aa][Ss][Ss][Ww][Dd]|[Pp][Aa][Ss][Ss][Pp][Hh][Rr][Aa][Ss][Ee]|[Aa][Pp][Ii][_. -]?[Kk][Ee][Yy]|[Pp][Rr][Ii][Vv][Aa][Tt][Ee][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Oo][Uu][Nn][Tt][_. -]?[Kk][Ee][Yy]|[Ee][Nn][Cc][Rr][Yy][Pp][Tt][Ii][Oo][Nn][_. -]?[Kk][Ee][Yy]|[Ss][Ii][Gg][Nn][Ii][Nn][Gg][_. -]?[Kk][Ee][Yy]|[Mm][Aa][Ss][Tt][Ee][Rr][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Cc][Ll][Ii][Ee][Nn][Tt][_. -]?[Ss][Ee][Cc][Rr][Ee][Tt]|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll][Ss])|(?:[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])|(?:\\b|_)(?:[Ss][Ss][Nn]|[Cc][Vv][Vv]|[Cc][Vv][Cc]|[Pp][Ww][Dd]|[Jj][Ww][Tt]|[Cc][Ss][Rr][Ff]|[Xx][Ss][Rr][Ff]|[Pp][Aa][Ss][Ss][Cc][Oo][Dd][Ee]|[Pp][Ii][Nn][_. -]?[Cc][Oo][Dd][Ee]|[Cc][Rr][Ee][Dd][Ii][Tt][_. -]?[Cc][Aa][Rr][Dd]|[Cc][Aa][Rr][Dd][_. -]?[Nn][Uu][Mm][Bb][Ee][Rr]|[Ss][Oo][Cc][Ii][Aa][Ll][_. -]?[Ss][Ee][Cc][Uu][Rr][Ii][Tt][Yy]|[Jj][Ss][Ee][Ss][Ss][Ii][Oo][Nn][Ii][Dd]|[Pp][Hh][Pp][Ss][Ee][Ss][Ss][Ii][Dd]))>)[^<>]+(</)",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "$1[redacted:secret]$2"
    },
    {
      "name": "name and value, JSON within JSON",
      "needs": [
        "\\\""
      ],
      "pattern": "((?:(?:[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]|[Pp][Aa][Ss][Ss][Ww][Dd]|[Pp][Aa][Ss][Ss][Pp][Hh][Rr][Aa][Ss][Ee]|[Aa][Pp][Ii][_. -]?[Kk][Ee][Yy]|[Pp][Rr][Ii][Vv][Aa][Tt][Ee][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Oo][Uu][Nn][Tt][_. -]?[Kk][Ee][Yy]|[Ee][Nn][Cc][Rr][Yy][Pp][Tt][Ii][Oo][Nn][_. -]?[Kk][Ee][Yy]|[Ss][Ii][Gg][Nn][Ii][Nn][Gg][_. -]?[Kk][Ee][Yy]|[Mm][Aa][Ss][Tt][Ee][Rr][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Cc][Ll][Ii][Ee][Nn][Tt][_. -]?[Ss][Ee][Cc][Rr][Ee][Tt]|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll][Ss])|(?:[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])|(?:\\b|_)(?:[Ss][Ss][Nn]|[Cc][Vv][Vv]|[Cc][Vv][Cc]|[Pp][Ww][Dd]|[Jj][Ww][Tt]|[Cc][Ss][Rr][Ff]|[Xx][Ss][Rr][Ff]|[Pp][Aa][Ss][Ss][Cc][Oo][Dd][Ee]|[Pp][Ii][Nn][_. -]?[Cc][Oo][Dd][Ee]|[Cc][Rr][Ee][Dd][Ii][Tt][_. -]?[Cc][Aa][Rr][Dd]|[Cc][Aa][Rr][Dd][_. -]?[Nn][Uu][Mm][Bb][Ee][Rr]|[Ss][Oo][Cc][Ii][Aa][Ll][_. -]?[Ss][Ee][Cc][Uu][Rr][Ii][Tt][Yy]|[Jj][Ss][Ee][Ss][Ss][Ii][Oo][Nn][Ii][Dd]|[Pp][Hh][Pp][Ss][Ee][Ss][Ss][Ii][Dd]))\\\\{1,4}\"[ \\t]*:[ \\t]*\\\\{1,4}\")[^\"\\\\]+",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "$1[redacted:secret]"
    },
    {
      "name": "name and value in double quotes",
      "needs": [
        "\""
      ],
      "pattern": "((?:(?:[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]|[Pp][Aa][Ss][Ss][Ww][Dd]|[Pp][Aa][Ss][Ss][Pp][Hh][Rr][Aa][Ss][Ee]|[Aa][Pp][Ii][_. -]?[Kk][Ee][Yy]|[Pp][Rr][Ii][Vv][Aa][Tt][Ee][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Oo][Uu][Nn][Tt][_. -]?[Kk][Ee][Yy]|[Ee][Nn][Cc][Rr][Yy][Pp][Tt][Ii][Oo][Nn][_. -]?[Kk][Ee][Yy]|[Ss][Ii][Gg][Nn][Ii][Nn][Gg][_. -]?[Kk][Ee][Yy]|[Mm][Aa][Ss][Tt][Ee][Rr][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Cc][Ll][Ii][Ee][Nn][Tt][_. -]?[Ss][Ee][Cc][Rr][Ee][Tt]|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll][Ss])|(?:[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])|(?:\\b|_)(?:[Ss][Ss][Nn]|[Cc][Vv][Vv]|[Cc][Vv][Cc]|[Pp][Ww][Dd]|[Jj][Ww][Tt]|[Cc][Ss][Rr][Ff]|[Xx][Ss][Rr][Ff]|[Pp][Aa][Ss][Ss][Cc][Oo][Dd][Ee]|[Pp][Ii][Nn][_. -]?[Cc][Oo][Dd][Ee]|[Cc][Rr][Ee][Dd][Ii][Tt][_. -]?[Cc][Aa][Rr][Dd]|[Cc][Aa][Rr][Dd][_. -]?[Nn][Uu][Mm][Bb][Ee][Rr]|[Ss][Oo][Cc][Ii][Aa][Ll][_. -]?[Ss][Ee][Cc][Uu][Rr][Ii][Tt][Yy]|[Jj][Ss][Ee][Ss][Ss][Ii][Oo][Nn][Ii][Dd]|[Pp][Hh][Pp][Ss][Ee][Ss][Ss][Ii][Dd]))(?:[\"']\\]?)?[ \\t]*(?:=>|:=|={1,3}|:)[ \\t]*[a-z]?\")(?:[^\"\\\\]|\\\\[^\\n])+(\"?)",
      "also": "",
      "unless": "^[^=:]*(?:=>|:=|={1,3}|:)[ \\t]*[A-Za-z]?\"(?:\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]|[Nn][Oo][Nn][Ee]|[Nn][Uu][Ll][Ll]|[Nn][Ii][Ll]|[Uu][Nn][Dd][Ee][Ff][Ii][Nn][Ee][Dd]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Ss][Tt][Rr]|[Ss][Tt][Rr][Ii][Nn][Gg]|[Bb][Yy][Tt][Ee][Ss]|[Ii][Nn][Tt]|[Bb][Oo][Oo][Ll]|[Ss][Ee][Cc][Rr][Ee][Tt][Ss][Tt][Rr]|\\*+|\\?|\\$[0-9]+|%[Ss]|%\\([a-z_]+\\)[Ss]|:[a-z_]+|\\{[a-z_.]*\\}?)\"$",
      "check": "",
      "becomes": "$1[redacted:secret]$2"
    },
    {
      "name": "name and value in single quotes",
      "needs": [
        "'"
      ],
      "pattern": "((?:(?:[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]|[Pp][Aa][Ss][Ss][Ww][Dd]|[Pp][Aa][Ss][Ss][Pp][Hh][Rr][Aa][Ss][Ee]|[Aa][Pp][Ii][_. -]?[Kk][Ee][Yy]|[Pp][Rr][Ii][Vv][Aa][Tt][Ee][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Oo][Uu][Nn][Tt][_. -]?[Kk][Ee][Yy]|[Ee][Nn][Cc][Rr][Yy][Pp][Tt][Ii][Oo][Nn][_. -]?[Kk][Ee][Yy]|[Ss][Ii][Gg][Nn][Ii][Nn][Gg][_. -]?[Kk][Ee][Yy]|[Mm][Aa][Ss][Tt][Ee][Rr][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Cc][Ll][Ii][Ee][Nn][Tt][_. -]?[Ss][Ee][Cc][Rr][Ee][Tt]|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll][Ss])|(?:[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])|(?:\\b|_)(?:[Ss][Ss][Nn]|[Cc][Vv][Vv]|[Cc][Vv][Cc]|[Pp][Ww][Dd]|[Jj][Ww][Tt]|[Cc][Ss][Rr][Ff]|[Xx][Ss][Rr][Ff]|[Pp][Aa][Ss][Ss][Cc][Oo][Dd][Ee]|[Pp][Ii][Nn][_. -]?[Cc][Oo][Dd][Ee]|[Cc][Rr][Ee][Dd][Ii][Tt][_. -]?[Cc][Aa][Rr][Dd]|[Cc][Aa][Rr][Dd][_. -]?[Nn][Uu][Mm][Bb][Ee][Rr]|[Ss][Oo][Cc][Ii][Aa][Ll][_. -]?[Ss][Ee][Cc][Uu][Rr][Ii][Tt][Yy]|[Jj][Ss][Ee][Ss][Ss][Ii][Oo][Nn][Ii][Dd]|[Pp][Hh][Pp][Ss][Ee][Ss][Ss][Ii][Dd]))(?:[\"']\\]?)?[ \\t]*(?:=>|:=|={1,3}|:)[ \\t]*[a-z]?')(?:[^'\\\\]|\\\\[^\\n])+('?)",
      "also": "",
      "unless": "^[^=:]*(?:=>|:=|={1,3}|:)[ \\t]*[A-Za-z]?'(?:\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]|[Nn][Oo][Nn][Ee]|[Nn][Uu][Ll][Ll]|[Nn][Ii][Ll]|[Uu][Nn][Dd][Ee][Ff][Ii][Nn][Ee][Dd]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Ss][Tt][Rr]|[Ss][Tt][Rr][Ii][Nn][Gg]|[Bb][Yy][Tt][Ee][Ss]|[Ii][Nn][Tt]|[Bb][Oo][Oo][Ll]|[Ss][Ee][Cc][Rr][Ee][Tt][Ss][Tt][Rr]|\\*+|\\?|\\$[0-9]+|%[Ss]|%\\([a-z_]+\\)[Ss]|:[a-z_]+|\\{[a-z_.]*\\}?)'$",
      "check": "",
      "becomes": "$1[redacted:secret]$2"
    },
    {
      "name": "name and number, list or flat object in JSON",
      "needs": [
        "\""
      ],
      "pattern": "((?:(?:(?:[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]|[Pp][Aa][Ss][Ss][Ww][Dd]|[Pp][Aa][Ss][Ss][Pp][Hh][Rr][Aa][Ss][Ee]|[Aa][Pp][Ii][_. -]?[Kk][Ee][Yy]|[Pp][Rr][Ii][Vv][Aa][Tt][Ee][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Oo][Uu][Nn][Tt][_. -]?[Kk][Ee][Yy]|[Ee][Nn][Cc][Rr][Yy][Pp][Tt][Ii][Oo][Nn][_. -]?[Kk][Ee][Yy]|[Ss][Ii][Gg][Nn][Ii][Nn][Gg][_. -]?[Kk][Ee][Yy]|[Mm][Aa][Ss][Tt][Ee][Rr][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Cc][Ll][Ii][Ee][Nn][Tt][_. -]?[Ss][Ee][Cc][Rr][Ee][Tt]|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll][Ss])|(?:[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])|(?:\\b|_)(?:[Ss][Ss][Nn]|[Cc][Vv][Vv]|[Cc][Vv][Cc]|[Pp][Ww][Dd]|[Jj][Ww][Tt]|[Cc][Ss][Rr][Ff]|[Xx][Ss][Rr][Ff]|[Pp][Aa][Ss][Ss][Cc][Oo][Dd][Ee]|[Pp][Ii][Nn][_. -]?[Cc][Oo][Dd][Ee]|[Cc][Rr][Ee][Dd][Ii][Tt][_. -]?[Cc][Aa][Rr][Dd]|[Cc][Aa][Rr][Dd][_. -]?[Nn][Uu][Mm][Bb][Ee][Rr]|[Ss][Oo][Cc][Ii][Aa][Ll][_. -]?[Ss][Ee][Cc][Uu][Rr][Ii][Tt][Yy]|[Jj][Ss][Ee][Ss][Ss][Ii][Oo][Nn][Ii][Dd]|[Pp][Hh][Pp][Ss][Ee][Ss][Ss][Ii][Dd]))|[Cc][Oo][Oo][Kk][Ii][Ee][Ss]|[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd][Ss]|[Ss][Ee][Cc][Rr][Ee][Tt][Ss]|[Tt][Oo][Kk][Ee][Nn][Ss]|[Aa][Pp][Ii]_[Kk][Ee][Yy][Ss])\"[ \\t]*:[ \\t]*)(?:-?[0-9][0-9.eE+-]*|\\[(?:[^\"\\[\\]{}]|\"(?:[^\"\\\\]|\\\\[^\\n])*\")*\\]|\\{(?:[^\"\\[\\]{}]|\"(?:[^\"\\\\]|\\\\[^\\n])*\")*\\})",
      "also": "",
      "unless": "(?:[Tt][Oo][Kk][Ee][Nn][Ss]\"[ \\t]*:[ \\t]*[^\\[{ \\t]|[\\[{][ \\t]*[\\]}]$|\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]$)",
      "check": "",
      "becomes": "$1\"[redacted:secret]\""
    },
    {
      "name": "name and list or flat mapping, as Python writes them",
      "needs": [
        "'"
      ],
      "pattern": "((?:(?:(?:[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]|[Pp][Aa][Ss][Ss][Ww][Dd]|[Pp][Aa][Ss][Ss][Pp][Hh][Rr][Aa][Ss][Ee]|[Aa][Pp][Ii][_. -]?[Kk][Ee][Yy]|[Pp][Rr][Ii][Vv][Aa][Tt][Ee][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Oo][Uu][Nn][Tt][_. -]?[Kk][Ee][Yy]|[Ee][Nn][Cc][Rr][Yy][Pp][Tt][Ii][Oo][Nn][_. -]?[Kk][Ee][Yy]|[Ss][Ii][Gg][Nn][Ii][Nn][Gg][_. -]?[Kk][Ee][Yy]|[Mm][Aa][Ss][Tt][Ee][Rr][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Cc][Ll][Ii][Ee][Nn][Tt][_. -]?[Ss][Ee][Cc][Rr][Ee][Tt]|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll][Ss])|(?:[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])|(?:\\b|_)(?:[Ss][Ss][Nn]|[Cc][Vv][Vv]|[Cc][Vv][Cc]|[Pp][Ww][Dd]|[Jj][Ww][Tt]|[Cc][Ss][Rr][Ff]|[Xx][Ss][Rr][Ff]|[Pp][Aa][Ss][Ss][Cc][Oo][Dd][Ee]|[Pp][Ii][Nn][_. -]?[Cc][Oo][Dd][Ee]|[Cc][Rr][Ee][Dd][Ii][Tt][_. -]?[Cc][Aa][Rr][Dd]|[Cc][Aa][Rr][Dd][_. -]?[Nn][Uu][Mm][Bb][Ee][Rr]|[Ss][Oo][Cc][Ii][Aa][Ll][_. -]?[Ss][Ee][Cc][Uu][Rr][Ii][Tt][Yy]|[Jj][Ss][Ee][Ss][Ss][Ii][Oo][Nn][Ii][Dd]|[Pp][Hh][Pp][Ss][Ee][Ss][Ss][Ii][Dd]))|[Cc][Oo][Oo][Kk][Ii][Ee][Ss]|[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd][Ss]|[Ss][Ee][Cc][Rr][Ee][Tt][Ss]|[Tt][Oo][Kk][Ee][Nn][Ss]|[Aa][Pp][Ii]_[Kk][Ee][Yy][Ss])'[ \\t]*:[ \\t]*)(?:\\[(?:[^'\\[\\]{}]|'(?:[^'\\\\]|\\\\[^\\n])*')*\\]|\\{(?:[^'\\[\\]{}]|'(?:[^'\\\\]|\\\\[^\\n])*')*\\})",
      "also": "",
      "unless": "[\\[{][ \\t]*[\\]}]$",
      "check": "",
      "becomes": "$1'[redacted:secret]'"
    },
    {
      "name": "header with cookies",
      "needs": [
        "cookie"
      ],
      "pattern": "((?:\\b|_|-)(?:[Ss][Ee][Tt][_-])?[Cc][Oo][Oo][Kk][Ii][Ee][\"']?[ \\t]*[:=][ \\t]*[\"']?)[^\\r\\n\"'=]{1,256}=[^\\r\\n\"']*",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "$1[redacted:secret]"
    },
    {
      "name": "header with credentials",
      "needs": [],
      "pattern": "([Aa][Uu][Tt][Hh][Oo][Rr][Ii][Zz][Aa][Tt][Ii][Oo][Nn][\"']?[ \\t]*[:=][ \\t]*[\"']?)(?:\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]|[Dd][Ii][Gg][Ee][Ss][Tt] [^\\r\\n]+|(?:[A-Za-z]+[ \\t]+)?(?:\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]|[^ \\t\\r\\n\"',;&]*[^ \\t\\r\\n\"',;&)}>\\]]))",
      "also": "",
      "unless": "\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]$",
      "check": "",
      "becomes": "$1[redacted:secret]"
    },
    {
      "name": "name and value",
      "needs": [],
      "pattern": "((?:(?:(?:[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]|[Pp][Aa][Ss][Ss][Ww][Dd]|[Pp][Aa][Ss][Ss][Pp][Hh][Rr][Aa][Ss][Ee]|[Aa][Pp][Ii][_. -]?[Kk][Ee][Yy]|[Pp][Rr][Ii][Vv][Aa][Tt][Ee][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Oo][Uu][Nn][Tt][_. -]?[Kk][Ee][Yy]|[Ee][Nn][Cc][Rr][Yy][Pp][Tt][Ii][Oo][Nn][_. -]?[Kk][Ee][Yy]|[Ss][Ii][Gg][Nn][Ii][Nn][Gg][_. -]?[Kk][Ee][Yy]|[Mm][Aa][Ss][Tt][Ee][Rr][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Cc][Ll][Ii][Ee][Nn][Tt][_. -]?[Ss][Ee][Cc][Rr][Ee][Tt]|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll][Ss])|(?:\\b|_)(?:[Ss][Ss][Nn]|[Cc][Vv][Vv]|[Cc][Vv][Cc]|[Pp][Ww][Dd]|[Jj][Ww][Tt]|[Cc][Ss][Rr][Ff]|[Xx][Ss][Rr][Ff]|[Pp][Aa][Ss][Ss][Cc][Oo][Dd][Ee]|[Pp][Ii][Nn][_. -]?[Cc][Oo][Dd][Ee]|[Cc][Rr][Ee][Dd][Ii][Tt][_. -]?[Cc][Aa][Rr][Dd]|[Cc][Aa][Rr][Dd][_. -]?[Nn][Uu][Mm][Bb][Ee][Rr]|[Ss][Oo][Cc][Ii][Aa][Ll][_. -]?[Ss][Ee][Cc][Uu][Rr][Ii][Tt][Yy]|[Jj][Ss][Ee][Ss][Ss][Ii][Oo][Nn][Ii][Dd]|[Pp][Hh][Pp][Ss][Ee][Ss][Ss][Ii][Dd]))(?:[\"']\\]?)?[ \\t]*(?:=>|:=|={1,3}|:)[ \\t]*|(?:[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])(?:[\"']\\]?)?[ \\t]*(?:=>|:=|={1,3})[ \\t]*))(?:\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]|[^ \\t\\r\\n\"',;&]*[^ \\t\\r\\n\"',;&)}>\\]])",
      "also": "",
      "unless": "^[^=:]*(?:=>|:=|={1,3}|:)[ \\t]*(?:(?:\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]|[Nn][Oo][Nn][Ee]|[Nn][Uu][Ll][Ll]|[Nn][Ii][Ll]|[Uu][Nn][Dd][Ee][Ff][Ii][Nn][Ee][Dd]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Ss][Tt][Rr]|[Ss][Tt][Rr][Ii][Nn][Gg]|[Bb][Yy][Tt][Ee][Ss]|[Ii][Nn][Tt]|[Bb][Oo][Oo][Ll]|[Ss][Ee][Cc][Rr][Ee][Tt][Ss][Tt][Rr]|\\*+|\\?|\\$[0-9]+|%[Ss]|%\\([a-z_]+\\)[Ss]|:[a-z_]+|\\{[a-z_.]*\\}?)|[bruf])$",
      "check": "",
      "becomes": "$1[redacted:secret]"
    },
    {
      "name": "name and value, where the name is a common word",
      "needs": [
        "token",
        "secret"
      ],
      "pattern": "((?:[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn])[\"']?[ \\t]*:[ \\t]*)(?:\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]|[^ \\t\\r\\n\"',;&)}>\\[\\]]{8,})",
      "also": ":[ \\t]*(?:[^ \\t]*[0-9]|[^ \\t]{16,})",
      "unless": "\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]$",
      "check": "",
      "becomes": "$1[redacted:secret]"
    },
    {
      "name": "Bearer",
      "needs": [
        "bearer"
      ],
      "pattern": "(\\b[Bb][Ee][Aa][Rr][Ee][Rr][ \\t]+)[A-Za-z0-9._~+/=-]{8,}",
      "also": "[ \\t](?:[A-Za-z._~+/=-]*[0-9]|[A-Za-z._~+/=-]{24,})",
      "unless": "",
      "check": "",
      "becomes": "$1[redacted:token]"
    },
    {
      "name": "Basic",
      "needs": [
        "basic"
      ],
      "pattern": "(\\b[Bb][Aa][Ss][Ii][Cc][ \\t]+)[A-Za-z0-9+/]{8,}={0,2}",
      "also": "[ \\t][A-Za-z+/]*(?:[0-9=]|[a-z][A-Z][A-Za-z]*[a-z][A-Z])",
      "unless": "",
      "check": "",
      "becomes": "$1[redacted:token]"
    },
    {
      "name": "option of a command",
      "needs": [
        "-pass",
        "-token",
        "-secret",
        "key",
        "-credentials"
      ],
      "pattern": "(-(?:(?:[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd]|[Pp][Aa][Ss][Ss][Ww][Dd]|[Pp][Aa][Ss][Ss][Pp][Hh][Rr][Aa][Ss][Ee]|[Aa][Pp][Ii][_. -]?[Kk][Ee][Yy]|[Pp][Rr][Ii][Vv][Aa][Tt][Ee][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Kk][Ee][Yy]|[Ss][Ee][Cc][Rr][Ee][Tt][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Aa][Cc][Cc][Oo][Uu][Nn][Tt][_. -]?[Kk][Ee][Yy]|[Ee][Nn][Cc][Rr][Yy][Pp][Tt][Ii][Oo][Nn][_. -]?[Kk][Ee][Yy]|[Ss][Ii][Gg][Nn][Ii][Nn][Gg][_. -]?[Kk][Ee][Yy]|[Mm][Aa][Ss][Tt][Ee][Rr][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Kk][Ee][Yy]|[Ss][Hh][Aa][Rr][Ee][Dd][_. -]?[Aa][Cc][Cc][Ee][Ss][Ss][_. -]?[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Cc][Ll][Ii][Ee][Nn][Tt][_. -]?[Ss][Ee][Cc][Rr][Ee][Tt]|[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll][Ss])|(?:[Ss][Ee][Cc][Rr][Ee][Tt]|[Tt][Oo][Kk][Ee][Nn]))[ \\t]+[\"']?)(?:\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]|[^ \\t\\r\\n\"'-][^ \\t\\r\\n\"']*[^ \\t\\r\\n\"')}>\\]])",
      "also": "",
      "unless": "[ \\t][\"']?(?:\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]|[Nn][Oo][Nn][Ee]|[Nn][Uu][Ll][Ll]|[Nn][Ii][Ll]|[Uu][Nn][Dd][Ee][Ff][Ii][Nn][Ee][Dd]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Ss][Tt][Rr]|[Ss][Tt][Rr][Ii][Nn][Gg]|[Bb][Yy][Tt][Ee][Ss]|[Ii][Nn][Tt]|[Bb][Oo][Oo][Ll]|[Ss][Ee][Cc][Rr][Ee][Tt][Ss][Tt][Rr]|\\*+|\\?|\\$[0-9]+|%[Ss]|%\\([a-z_]+\\)[Ss]|:[a-z_]+|\\{[a-z_.]*\\}?)$",
      "check": "",
      "becomes": "$1[redacted:secret]"
    },
    {
      "name": "parameter of a URL",
      "needs": [
        "key=",
        "sig=",
        "signature=",
        "auth=",
        "pass=",
        "code=",
        "sid=",
        "session="
      ],
      "pattern": "([?&](?:[Kk][Ee][Yy]|[A-Za-z-]{0,20}[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]|[Ss][Ii][Gg]|[Aa][Uu][Tt][Hh]|[Pp][Aa][Ss][Ss]|[Cc][Oo][Dd][Ee]|[Ss][Ii][Dd]|[Ss][Ee][Ss][Ss][Ii][Oo][Nn]|[Ss][Ee][Ss][Ss][Ii][Oo][Nn][Ii][Dd])=)[^ \\t\\r\\n\"'<>&#]{8,}",
      "also": "",
      "unless": "=\\[[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]:[a-z0-9-]+\\]$",
      "check": "",
      "becomes": "$1[redacted:secret]"
    },
    {
      "name": "password in a URL",
      "needs": [
        "://"
      ],
      "pattern": "(://[^ \\t\\r\\n/:@?#\"'<>\\[\\]]{0,256}:)[^ \\t\\r\\n/?#\"'<>]{1,256}@",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "$1[redacted:secret]@"
    },
    {
      "name": "token as the user of a URL",
      "needs": [
        "://"
      ],
      "pattern": "(://)[A-Za-z0-9_-]{20,256}@",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "$1[redacted:token]@"
    },
    {
      "name": "e-mail address",
      "needs": [
        "@",
        "%40"
      ],
      "pattern": "(?://)?[A-Za-z0-9._%+À-ɏͰ-ԯ-]{1,64}(?:@|%40)(?:[A-Za-z0-9À-ɏͰ-ԯ-]{1,63}\\.){1,8}[A-Za-zÀ-ɏͰ-ԯ]{2,24}:?",
      "also": "",
      "unless": "(?:^//|^git@|:$|\\.(?:service|timer|socket|target|mount)$)",
      "check": "",
      "becomes": "[redacted:email]"
    },
    {
      "name": "JSON Web Token",
      "needs": [
        "eyj"
      ],
      "pattern": "\\beyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]*){0,3}",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "[redacted:token]"
    },
    {
      "name": "keys of clouds and vendors",
      "needs": [],
      "pattern": "\\b(?:(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\\b|AIza[A-Za-z0-9_-]{30,}|ya29\\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl(?:pat|dt|rt|ptt|soat)-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{16,}|pylf_v[0-9]+_[A-Za-z0-9_]{8,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}|hf_[A-Za-z0-9]{30,}|SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{32,}|dapi[a-f0-9]{32}|hvs\\.[A-Za-z0-9_-]{20,})",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "[redacted:token]"
    },
    {
      "name": "keys that begin with sk-",
      "needs": [
        "sk-"
      ],
      "pattern": "\\bsk-[A-Za-z0-9_-]{16,}",
      "also": "[0-9]",
      "unless": "",
      "check": "",
      "becomes": "[redacted:token]"
    },
    {
      "name": "Telegram bot",
      "needs": [
        ":aa"
      ],
      "pattern": "\\b[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "[redacted:token]"
    },
    {
      "name": "Slack webhook",
      "needs": [
        "hooks.slack.com/"
      ],
      "pattern": "(hooks\\.slack\\.com/[a-z]+/)[A-Za-z0-9/_-]+",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "$1[redacted:token]"
    },
    {
      "name": "IPv6 address",
      "needs": [
        "::",
        ":"
      ],
      "pattern": "\\b(?:[23][0-9A-Fa-f]{3}|[Ff][C-Fc-f][0-9A-Fa-f]{2}|64):(?:(?:[0-9A-Fa-f]{1,4}:){6}[0-9A-Fa-f]{1,4}\\b|(?:[0-9A-Fa-f]{1,4}:){0,6}(?::[0-9A-Fa-f]{1,4}){1,6}\\b|(?:[0-9A-Fa-f]{1,4}:){0,6}:[G-Zg-z_]?)",
      "also": "[0-9]",
      "unless": "[G-Zg-z_]$",
      "check": "",
      "becomes": "[redacted:ip]"
    },
    {
      "name": "telephone number, international",
      "needs": [
        "+"
      ],
      "pattern": "[0-9A-Za-z/+=_\\]]?\\+[1-9][0-9]{0,2}(?:[ ().-]{0,2}[0-9]){7,13}\\b",
      "also": "",
      "unless": "^[0-9A-Za-z/+=_\\]]\\+",
      "check": "",
      "becomes": "[redacted:phone]"
    },
    {
      "name": "international bank account number",
      "needs": [],
      "pattern": "\\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\\b",
      "also": "",
      "unless": "",
      "check": "mod97",
      "becomes": "[redacted:iban]"
    },
    {
      "name": "payment card",
      "needs": [],
      "pattern": "(?:[0-9]\\.)?\\b(?:[2-6][0-9]{12,18}|[2-6][0-9]{3}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{1,3})?|3[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5})\\b",
      "also": "",
      "unless": "^[0-9]\\.",
      "check": "luhn",
      "becomes": "[redacted:card]"
    },
    {
      "name": "IPv4 address",
      "needs": [],
      "pattern": "(?:[Vv]ers(?:ion)?[ :=.]{1,2}|[Rr]elease |==|[0-9]\\.|[A-Za-z]-|[A-Za-z]/)?\\b(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\b(?:\\.[0-9]+)*",
      "also": "",
      "unless": "(?:^(?:[VvRr]|==|[0-9]\\.[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+|[A-Za-z]-)|^[A-Za-z]/[0-9]+\\.0\\.0\\.0|(?:\\.[0-9]+){4}|\\b(?:127\\.[0-9.]+|0\\.0\\.0\\.0|255\\.255\\.255\\.[0-9]+)$)",
      "check": "",
      "becomes": "[redacted:ip]"
    },
    {
      "name": "telephone number, national",
      "needs": [],
      "pattern": "[./#-]?(?:\\([2-9][0-9]{2}\\) ?[2-9][0-9]{2}-[0-9]{4}|\\b[2-9][0-9]{2}(?:-[2-9][0-9]{2}-|\\.[2-9][0-9]{2}\\.)[0-9]{4}|\\b0[1-9](?:[ .-][0-9]{2}){4}|\\b0[1-9][0-9]{1,3}[ /][0-9]{6,8}|\\b0[1-9][0-9]{1,3} [0-9]{3,4} [0-9]{3,4})\\b(?:[.-][0-9A-Za-z])?",
      "also": "",
      "unless": "^[./#-]|[.-][0-9A-Za-z]$",
      "check": "",
      "becomes": "[redacted:phone]"
    }
  ],
  "traces": [
    {
      "name": "home, Windows",
      "needs": [],
      "pattern": "[A-Za-z]:[/\\\\]{1,2}(?:Users|Documents and Settings)[/\\\\]{1,2}[^/\\\\\"'<>|:*?\\r\\n]{1,64}([/\\\\])",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "~$1"
    },
    {
      "name": "home, macOS",
      "needs": [],
      "pattern": "/Users/[^/\"'<>|:*?\\r\\n]{1,64}(/)",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "~$1"
    },
    {
      "name": "home",
      "needs": [],
      "pattern": "/(?:home|export/home|Users)/[A-Za-z0-9._À-ɏͰ-ԯ-]{1,64}",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "~"
    },
    {
      "name": "packages",
      "needs": [],
      "pattern": "(?:[A-Za-z]:)?[A-Za-z0-9._~+-]{0,64}(?:[/\\\\]{1,2}[^/\\\\\"'<>|:*? \\t\\r\\n]+){1,24}([/\\\\]{1,2}(?:site-packages|dist-packages|node_modules|python[23]\\.[0-9]+)[/\\\\])",
      "also": "",
      "unless": "",
      "check": "",
      "becomes": "…$1"
    }
  ]
};

const checks = {
  luhn(text) {
    const digits = text.replace(/[^0-9]/g, "");
    let sum = 0;
    for (let i = 1; i <= digits.length; i++) {
      const digit = Number(digits[digits.length - i]);
      sum += i % 2 === 1 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit;
    }
    return sum % 10 === 0;
  },
  mod97(text) {
    const plain = text.replaceAll(" ", "");
    let rest = 0;
    for (const each of plain.slice(4) + plain.slice(0, 4)) {
      const value = parseInt(each, 36);
      rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97;
    }
    return rest === 1;
  },
};

const search = (pattern) => new RegExp(pattern, "u");
const whole = (pattern) => new RegExp(`^(?:${pattern})$`, "u");
const never = /[^\s\S]/;

function compiled(rule) {
  const pattern = new RegExp(rule.pattern, "gu");
  const also = search(rule.also);
  const unless = rule.unless ? search(rule.unless) : never;
  const check = checks[rule.check] ?? (() => true);
  const replaced = (match, ...groups) =>
    check(match) && also.test(match) && !unless.test(match)
      ? rule.becomes.replace(/\$([0-9])/g, (_, number) => groups[number - 1] ?? "")
      : match;
  return (value, lower) =>
    rule.needs.length === 0 || rule.needs.some((each) => lower.includes(each)) ? value.replace(pattern, replaced) : value;
}

const patterns = RULES.patterns.map(compiled);
const traces = RULES.traces.map(compiled);
const secret = search(RULES.secret);
const harmless = search(RULES.harmless);
const kept = whole(RULES.kept);
const paths = whole(RULES.paths);
const allowed = RULES.allowed ? whole(RULES.allowed) : never;
const kinds = new Map();

const all = (passes, value) => passes.reduce((text, pass) => pass(text, text.toLowerCase()), value);

/** `value` without what the patterns find. */
export const text = (value) => all(patterns, value);

/** `value` without the homes of people and the places of packages in its paths, and without what the patterns find. */
export const stacktrace = (value) => text(all(traces, value));

/** What a key says of its value: "kept", "masked", "path" or "plain". */
export function kind(key) {
  let known = kinds.get(key);
  if (known === undefined) {
    let words = key;
    for (const [pattern, becomes] of RULES.words) words = words.replace(new RegExp(pattern, "g"), becomes);
    words = `_${words.toLowerCase()}_`;
    known = allowed.test(key)
      ? "kept"
      : secret.test(words) && !harmless.test(words)
        ? "masked"
        : kept.test(key)
          ? "kept"
          : paths.test(key)
            ? "path"
            : "plain";
    if (kinds.size >= 4096) kinds.clear();
    kinds.set(key, known);
  }
  return known;
}

/** `value` as it may be kept under `key`. */
export const attribute = (key, value) => cleaned(value, kind(key), 0);

/** All attributes of an object. */
export const attributes = (object) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, attribute(key, value)]));

function cleaned(value, as, depth) {
  if (as === "kept" || value === null || value === undefined || typeof value === "boolean" || value === "") return value;
  if (as === "masked") return RULES.mark;
  if (typeof value === "string") return as === "path" ? stacktrace(value) : text(value);
  if (typeof value !== "object") return value;
  if (depth >= RULES.deep) return RULES.mark;
  if (Array.isArray(value)) return value.map((each) => cleaned(each, as, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const own = kind(key);
      return [key, cleaned(each, own === "plain" ? as : own, depth + 1)];
    }),
  );
}
