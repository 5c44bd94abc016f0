using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Nexus.Gateway.Page;

/// <summary>
/// One file of the pages, from <c>wwwroot</c> by way of the assembly. <c>index.html</c> is <c>/</c>, <c>admin.html</c> is
/// <c>/admin</c>. What is below <c>/sdk/</c> is for everyone's pages, and has a second path with the version in it, whose
/// content never changes: <c>/sdk/0.1.0/nexus-sdk.js</c>.
/// </summary>
internal sealed class PageFile
{
    private const string Folder = "wwwroot/";
    private const string SdkFolder = "sdk/";

    /// <summary>Pages load nothing from elsewhere and cannot be framed; preview and screen share need no more than themselves.</summary>
    private const string Policy = "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>The one-file page for WHIP and WHEP has its script and style inside.</summary>
    private const string InlinePolicy = "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; media-src blob:; frame-ancestors 'none'";

    private readonly byte[] _content;
    private readonly string _contentType;
    private readonly string _policy;
    private readonly bool _isSdk;
    private readonly Representation[] _representations;

    private PageFile(string name, byte[] content)
    {
        Path = name switch { "index.html" => "/", "admin.html" => "/admin", _ => "/" + name };
        _content = content;
        _contentType = ContentTypeOf(name);
        _policy = content.AsSpan().IndexOf("<style>"u8) >= 0 ? InlinePolicy : Policy;
        _isSdk = name.StartsWith(SdkFolder, StringComparison.Ordinal);
        VersionedPath = _isSdk ? $"/{SdkFolder}{Version}/{name[SdkFolder.Length..]}" : null;
        string tag = Convert.ToHexStringLower(SHA256.HashData(content))[..16];
        _representations =
        [
            new("br", tag, new(() => Packed(content, s => new BrotliStream(s, CompressionLevel.SmallestSize)))),
            new("gzip", tag, new(() => Packed(content, s => new GZipStream(s, CompressionLevel.SmallestSize)))),
            new(null, tag, new(content)),
        ];
    }

    /// <summary>Of the server, and of the SDK that it serves.</summary>
    public static string Version { get; } = typeof(PageFile).Assembly.GetName().Version!.ToString(3);

    public string Path { get; }

    /// <summary>Null when the file belongs to our own pages alone.</summary>
    public string? VersionedPath { get; }

    public string Text => System.Text.Encoding.UTF8.GetString(_content);

    public static IEnumerable<PageFile> All()
    {
        var assembly = typeof(PageFile).Assembly;
        return assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .Select(name => new PageFile(name[Folder.Length..].Replace('\\', '/'), Read(assembly, name)));
    }

    /// <summary>As it is now: kept, and asked about at each use.</summary>
    public IResult Serve(HttpContext http) => Serve(http, "no-cache");

    /// <summary>Under its version: kept for a year, never asked about again.</summary>
    public IResult ServeVersioned(HttpContext http) => Serve(http, "public, max-age=31536000, immutable");

    private IResult Serve(HttpContext http, string cacheControl)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = cacheControl;
        headers.XContentTypeOptions = "nosniff";
        headers.Vary = HeaderNames.AcceptEncoding;
        if (_isSdk)
        {
            headers.AccessControlAllowOrigin = "*";
            headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        }
        else
        {
            headers.ContentSecurityPolicy = _policy;
        }

        Representation chosen = Choose(http.Request);
        if (chosen.Encoding is { } encoding)
        {
            headers.ContentEncoding = encoding;
        }

        return Results.Bytes(chosen.Content.Value, _contentType, entityTag: chosen.Tag);
    }

    /// <summary>The smallest that the client takes (RFC 9110 section 12.5.3): a weight of 0 refuses, and so does not being named.</summary>
    private Representation Choose(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().AcceptEncoding;
        return _representations.First(r => r.Encoding is null
            || accepted.Any(a => a.Quality is not 0 && a.Value.Equals(r.Encoding, StringComparison.OrdinalIgnoreCase)));
    }

    private static byte[] Packed(byte[] content, Func<Stream, Stream> packer)
    {
        using var packed = new MemoryStream();
        using (Stream stream = packer(packed))
        {
            stream.Write(content);
        }

        return packed.ToArray();
    }

    private static string ContentTypeOf(string name) => System.IO.Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        var other => throw new InvalidOperationException($"wwwroot has a file of the unknown type '{other}': {name}"),
    };

    private static byte[] Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>The file in one encoding (null: as it is); packed when first asked for. Each has a tag of its own, being other octets.</summary>
    private sealed record Representation(string? Encoding, string Digest, Lazy<byte[]> Content)
    {
        public EntityTagHeaderValue Tag { get; } = new(Encoding is null ? $"\"{Digest}\"" : $"\"{Digest}-{Encoding}\"");
    }
}
