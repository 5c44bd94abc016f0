namespace Orleans.Serialization;

/// <summary>A value could not be copied.</summary>
[GenerateSerializer]
public class SerializerException : Exception
{
    public SerializerException()
    {
    }

    public SerializerException(string message) : base(message)
    {
    }

    public SerializerException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>A value of a type without <see cref="GenerateSerializerAttribute"/> was passed.</summary>
[GenerateSerializer]
public sealed class CodecNotFoundException : SerializerException
{
    public CodecNotFoundException(string message) : base(message)
    {
    }
}
