using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Nexus.Gateway.Http;

/// <summary>Reads bodies with a limit, and judges content headers.</summary>
public static class BodyReader
{
    /// <summary>The body, or 413 when it is longer than <paramref name="limit"/> octets.</summary>
    public static async Task<(string Text, ProblemResult? Refusal)> ReadText(HttpRequest request, int limit)
    {
        var (body, refusal) = await Read(request, limit);
        return (Encoding.UTF8.GetString(body.Span), refusal);
    }

    /// <summary>As <see cref="ReadText"/>, without taking the octets for text.</summary>
    public static async Task<(ReadOnlyMemory<byte> Body, ProblemResult? Refusal)> Read(HttpRequest request, int limit)
    {
        if (request.ContentLength > limit)
        {
            return (default, TooLarge(limit));
        }

        byte[] buffer = new byte[(int)Math.Min(limit, request.ContentLength ?? limit) + 1];
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await request.Body.ReadAsync(buffer.AsMemory(length), request.HttpContext.RequestAborted);
            if (read == 0)
            {
                return (buffer.AsMemory(0, length), null);
            }

            length += read;
        }

        return (default, TooLarge(limit));
    }

    /// <summary>415 unless the body is of the given type.</summary>
    public static ProblemResult? CheckContentType(HttpRequest request, string expected, string acceptHeader) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals(expected, StringComparison.OrdinalIgnoreCase)
            ? null
            : new ProblemResult(StatusCodes.Status415UnsupportedMediaType, "CONTENT_TYPE", $"Send the body with Content-Type: {expected}.").With(acceptHeader, expected);

    /// <summary>406 when the client takes no answer of the given type.</summary>
    public static ProblemResult? CheckAccept(HttpRequest request, string produced)
    {
        if (request.Headers.Accept.Count == 0)
        {
            return null;
        }

        var offered = new MediaTypeHeaderValue(produced);
        bool accepted = MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var list)
            && list.Any(a => a.Quality is not 0 && offered.IsSubsetOf(new MediaTypeHeaderValue(a.MediaType)));
        return accepted ? null : new ProblemResult(StatusCodes.Status406NotAcceptable, "ACCEPT", $"The answer is {produced}: allow it in Accept.");
    }

    private static ProblemResult TooLarge(int limit) =>
        new(StatusCodes.Status413PayloadTooLarge, "TOO_LARGE", $"The body may have at most {limit} octets.");
}
