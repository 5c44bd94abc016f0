namespace Nexus.Link;

/// <summary>A link was cut, or what came over it is not of this protocol. The message names what was wrong.</summary>
public class LinkException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>One message was refused by name. The link stands, and everything else on it goes on.</summary>
public sealed class LinkRefusedException(LinkError error) : LinkException($"{error.Code}: {error.Message}")
{
    public LinkError Error => error;
}

/// <summary>The other end was not heard of, or read nothing, for too long: it, or what is between, may stand still or be gone.</summary>
public sealed class LinkSilentException(string message) : LinkException(message);
