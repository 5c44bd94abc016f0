using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Nexus.Gateway.Page;

/// <summary>One file of the pages, from <c>wwwroot</c> by way of the assembly. <c>index.html</c> is <c>/</c>, <c>admin.html</c> is <c>/admin</c>.</summary>
internal sealed class PageFile
{
    private const string Folder = "wwwroot/";

    /// <summary>Pages load nothing from elsewhere and cannot be framed; preview and screen share need no more than themselves.</summary>
    private const string Policy = "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>The one-file page for WHIP and WHEP has its script and style inside.</summary>
    private const string InlinePolicy = "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; media-src blob:; frame-ancestors 'none'";

    private readonly byte[] _content;
    private readonly string _contentType;
    private readonly string _policy;
    private readonly EntityTagHeaderValue _tag;

    private PageFile(string name, byte[] content)
    {
        Path = name switch { "index.html" => "/", "admin.html" => "/admin", _ => "/" + name };
        _content = content;
        _contentType = ContentTypeOf(name);
        _policy = content.AsSpan().IndexOf("<style>"u8) >= 0 ? InlinePolicy : Policy;
        _tag = new($"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\"");
    }

    public string Path { get; }

    public string Text => System.Text.Encoding.UTF8.GetString(_content);

    public static IEnumerable<PageFile> All()
    {
        var assembly = typeof(PageFile).Assembly;
        return assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .Select(name => new PageFile(name[Folder.Length..].Replace('\\', '/'), Read(assembly, name)));
    }

    public IResult Serve(HttpContext http)
    {
        http.Response.Headers.ContentSecurityPolicy = _policy;
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return Results.Bytes(_content, _contentType, entityTag: _tag);
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
}
